import { forbidden, systemError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { BridgeRules } from '../firewall/table.ts';
import { parseSubnet } from '../ip.ts';
import type { Endpoint, NetworkDefinition } from '../model.ts';
import type { NetworkSettings } from '../settings.ts';
import { addressGeneration, hostEnd, type LinkDriver } from './link.ts';
import { type BridgeOptions, bridgeOptions } from './options.ts';

/** The parts of the host that links need. */
export type LinkHost = Pick<Host, 'links' | 'sysctls'>;

/** A Linux bridge, with a veth pair for each endpoint. */
export class BridgeLink implements LinkDriver {
  readonly options: BridgeOptions;
  readonly rules: BridgeRules;
  readonly #definition: NetworkDefinition;
  readonly #host: LinkHost;
  /** Not created by Barge, and kept when the network is removed. */
  #foreign = false;
  readonly #forward: boolean;

  constructor(definition: NetworkDefinition, settings: NetworkSettings, host: LinkHost) {
    this.#host = host;
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

  /** @throws BargeError forbidden when a link of another kind has the name. */
  async assertUsable(): Promise<void> {
    const { bridge } = this.options;
    if (!(await this.#host.links.exists(bridge))) return;
    if (!(await this.#host.links.isBridge(bridge))) {
      throw forbidden(
        `the link ${bridge} already exists and is not a bridge: choose another com.docker.network.bridge.name`,
      );
    }
    this.#foreign = true;
  }

  async up(): Promise<void> {
    const { bridge, mtu } = this.options;
    const { internal, enableIPv6 } = this.#definition;
    const exists = await this.#host.links.exists(bridge);
    await this.#host.links.batch([
      ...(exists ? [] : [`link add ${bridge} type bridge`]),
      ...(mtu ? [`link set ${bridge} mtu ${mtu}`] : []),
      ...this.#addressLines(),
      /* Without duplicate address detection, as a bridge solicits no neighbour until it has finished. */
      ...(enableIPv6 ? [`addr replace fe80::1/64 dev ${bridge} nodad`] : []),
      `link set ${bridge}${addressGeneration('none', mtu)} up`,
    ]);
    if (internal) return;
    const { sysctls } = this.#host;
    if (this.#forward) await sysctls.write({ path: ['net', 'ipv4', 'ip_forward'], value: '1' });
    /* Allows 127.0.0.1 on the host to be translated to a container; `loopback_guard` blocks other hosts' use of it. */
    await sysctls.write({ path: ['net', 'ipv4', 'conf', bridge, 'route_localnet'], value: '1' });
    if (enableIPv6 && this.#forward) await sysctls.forwardIPv6();
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
    const failure = await this.#host.links.remove(bridge);
    if (failure !== undefined) throw systemError(`removing the bridge ${bridge} failed: ${failure}`);
  }

  attachLines(endpoint: Endpoint, namespace: string): readonly string[] {
    const { bridge, mtu, icc } = this.options;
    const veth = hostEnd(endpoint);
    const size = mtu ? ` mtu ${mtu}` : '';
    return [
      `link add ${veth}${size} type veth peer name ${endpoint.interface} address ${endpoint.mac}${size} netns ${namespace}`,
      `link set ${veth}${addressGeneration('none', mtu)} master ${bridge} up`,
      /* A container may use its own published port through the host's address: the packet leaves by the port it arrived at. */
      `link set ${veth} type bridge_slave hairpin on`,
      ...(icc ? [] : [`link set ${veth} type bridge_slave isolated on`]),
    ];
  }
}
