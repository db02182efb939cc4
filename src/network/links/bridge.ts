import { forbidden, systemError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { BridgeRules } from '../firewall/table.ts';
import { parseSubnet } from '../ip.ts';
import type { Endpoint, NetworkDefinition } from '../model.ts';
import type { NetworkSettings } from '../settings.ts';
import { addressGeneration, hostEnd, type LinkDriver } from './link.ts';
import { type BridgeOptions, bridgeOptions } from './options.ts';

/** The parts of the host that links are made of. */
export type LinkHost = Pick<Host, 'links' | 'sysctls'>;

/** A Linux bridge, with a veth pair for each endpoint. */
export class BridgeLink implements LinkDriver {
  readonly options: BridgeOptions;
  readonly rules: BridgeRules;
  readonly #definition: NetworkDefinition;
  readonly #host: LinkHost;
  /** Made by somebody else, and left when the network goes. */
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

  /** @throws BargeError forbidden when the name is that of a link of another kind. */
  async assertUsable(): Promise<void> {
    const { bridge } = this.options;
    if (!(await this.#host.links.exists(bridge))) return;
    if (!(await this.#host.links.isBridge(bridge))) {
      throw forbidden(
        `the link ${bridge} exists already and is no bridge: choose another com.docker.network.bridge.name`,
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
      /* No detection of duplicates: until it ends, a bridge would ask for no neighbour. */
      ...(enableIPv6 ? [`addr replace fe80::1/64 dev ${bridge} nodad`] : []),
      `link set ${bridge}${addressGeneration('none', mtu)} up`,
    ]);
    if (internal) return;
    const { sysctls } = this.#host;
    if (this.#forward) await sysctls.write({ path: ['net', 'ipv4', 'ip_forward'], value: '1' });
    /* Lets 127.0.0.1 on the host be translated to a container; `loopback_guard` keeps others from using it. */
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
      /* Its own published port by the host's address: translated on the bridge, and sent back where it came from. */
      `link set ${veth} type bridge_slave hairpin on`,
      ...(icc ? [] : [`link set ${veth} type bridge_slave isolated on`]),
    ];
  }
}
