import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { forbidden, systemError } from '../../core/errors.ts';
import { capture, run } from '../../host/process.ts';
import type { BridgeRules } from '../firewall/table.ts';
import { parseSubnet } from '../ip.ts';
import type { Endpoint, NetworkDefinition } from '../model.ts';
import { DEFAULT_SETTINGS, type NetworkSettings } from '../settings.ts';
import { addressGeneration, hostEnd, type LinkDriver } from './link.ts';
import { type BridgeOptions, bridgeOptions } from './options.ts';

/** A Linux bridge, with a veth pair for each endpoint. */
export class BridgeLink implements LinkDriver {
  readonly options: BridgeOptions;
  readonly rules: BridgeRules;
  readonly #definition: NetworkDefinition;
  /** Made by somebody else, and left when the network goes. */
  #foreign = false;
  readonly #forward: boolean;

  constructor(definition: NetworkDefinition, settings: NetworkSettings = DEFAULT_SETTINGS) {
    this.#definition = definition;
    this.#forward = settings.forward;
    this.options = bridgeOptions(definition);
    const { bridge, masquerade, mode, snat } = this.options;
    this.rules = {
      key: definition.id.slice(0, 12),
      bridge,
      subnets: definition.ipam.map(({ subnet }) => ({ family: parseSubnet(subnet).family, text: subnet })),
      internal: definition.internal,
      masquerade,
      mode,
      snat,
      without6: !settings.rules.ipv6,
      direct: settings.directRouting,
    };
  }

  get interfacePrefix(): string {
    return this.options.interfacePrefix;
  }

  get routesOut(): boolean {
    return !this.#definition.internal;
  }

  get mtu(): number | undefined {
    return this.options.mtu;
  }

  get canChooseMac(): boolean {
    return true;
  }

  get routesByInterface(): boolean {
    return false;
  }

  /** @throws BargeError forbidden when the name is that of a link of another kind. */
  async assertUsable(): Promise<void> {
    const { bridge } = this.options;
    const { code, stdout } = await capture('ip', ['-d', 'link', 'show', bridge]);
    if (code !== 0) return;
    if (!/^\s+bridge /m.test(stdout)) {
      throw forbidden(
        `the link ${bridge} exists already and is no bridge: choose another com.docker.network.bridge.name`,
      );
    }
    this.#foreign = true;
  }

  async up(): Promise<void> {
    const { bridge, mtu } = this.options;
    const { internal, enableIPv6 } = this.#definition;
    const exists = (await capture('ip', ['link', 'show', bridge])).code === 0;
    await run('ip', ['-batch', '-'], {
      input: [
        ...(exists ? [] : [`link add ${bridge} type bridge`]),
        ...(mtu ? [`link set ${bridge} mtu ${mtu}`] : []),
        ...this.#addressLines(),
        /* No detection of duplicates: until it ends, a bridge would ask for no neighbour. */
        ...(enableIPv6 ? [`addr replace fe80::1/64 dev ${bridge} nodad`] : []),
        `link set ${bridge}${addressGeneration('none', mtu)} up`,
        '',
      ].join('\n'),
    });
    if (internal) return;
    if (this.#forward) await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
    /* Lets 127.0.0.1 on the host be translated to a container; `loopback_guard` keeps others from using it. */
    await writeFile(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1');
    if (enableIPv6 && this.#forward) await forwardIPv6();
  }

  #addressLines(): string[] {
    const { bridge, inhibitIPv4, mode } = this.options;
    return this.#definition.ipam.flatMap(({ subnet, gateway }) => {
      const { family, prefix } = parseSubnet(subnet);
      if (!gateway || mode[family] === 'isolated' || (family === 4 && inhibitIPv4)) return [];
      return family === 4
        ? [`addr replace ${gateway}/${prefix} broadcast + dev ${bridge}`]
        : [`addr replace ${gateway}/${prefix} dev ${bridge} nodad`];
    });
  }

  async down(): Promise<void> {
    if (this.#foreign) return;
    const { bridge } = this.options;
    const { code, stderr } = await capture('ip', ['link', 'del', bridge]);
    if (code !== 0 && !/Cannot find device/.test(stderr)) {
      throw systemError(`removing the bridge ${bridge} failed: ${stderr.trim()}`);
    }
  }

  attachLines(endpoint: Endpoint, namespace: string): readonly string[] {
    const { bridge, mtu, icc } = this.options;
    const veth = hostEnd(endpoint);
    const size = mtu ? ` mtu ${mtu}` : '';
    return [
      `link add ${veth}${size} type veth peer name ${endpoint.interface} address ${endpoint.mac}${size} netns ${namespace}`,
      `link set ${veth}${addressGeneration('none', mtu)} master ${bridge} up`,
      /* Its own published port by the host's address: translated on the bridge, and sent back where it came from. */
      `link set ${veth} type bridge_slave hairpin on`,
      ...(icc ? [] : [`link set ${veth} type bridge_slave isolated on`]),
    ];
  }
}

/** Forwards IPv6 on all links; those that learn their routes from a router go on doing so. */
async function forwardIPv6(): Promise<void> {
  const root = '/proc/sys/net/ipv6/conf';
  if (readFileSync(`${root}/all/forwarding`, 'utf8').trim() === '1') return;
  for (const name of readdirSync(root)) {
    const file = `${root}/${name}/accept_ra`;
    if (readFileSync(file, 'utf8').trim() === '1') await writeFile(file, '2');
  }
  await writeFile(`${root}/all/forwarding`, '1');
}
