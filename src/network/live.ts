import { randomBytes } from 'node:crypto';
import { forbidden, invalidParameter } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { type Address, formatAddress, macOf, parseAddress } from './ip.ts';
import { AddressPlan } from './ipam.ts';
import { BridgeLink, type LinkHost } from './links/bridge.ts';
import type { LinkDriver } from './links/link.ts';
import { ParentLink } from './links/parent.ts';
import type { Endpoint, EndpointRequest, NetworkDefinition } from './model.ts';
import type { NetworkSettings } from './settings.ts';

/** A live network: its addresses and their allocation. */
export class LiveNetwork {
  readonly definition: NetworkDefinition;
  readonly plan: AddressPlan;
  /** Undefined for `host`, `none` and configuration-only networks. */
  readonly link: LinkDriver | undefined;
  /** Endpoints by id, from before their creation until after their removal. */
  readonly users = new Set<string>();
  /** Whether the kernel objects exist. */
  isUp = false;

  constructor(definition: NetworkDefinition, settings: NetworkSettings, host: LinkHost) {
    const { id, name, ipam, driver, configOnly } = definition;
    this.definition = definition;
    this.plan = new AddressPlan(configOnly ? [] : ipam, `${name} (${id})`);
    if (configOnly || driver === 'host' || driver === 'null') return;
    this.link =
      driver === 'bridge'
        ? new BridgeLink(definition, settings, host)
        : new ParentLink(definition, host.links);
  }

  get bridge(): BridgeLink | undefined {
    return this.link instanceof BridgeLink ? this.link : undefined;
  }

  get isDefault(): boolean {
    return this.definition.name === 'bridge';
  }

  /**
   * Allocates addresses for an endpoint.
   * @param taken interface names that the container already uses.
   * @throws BargeError forbidden for allocated addresses, invalid-parameter for addresses outside of the network.
   */
  reserve(request: EndpointRequest, taken: readonly string[]): Endpoint {
    const { name } = this.definition;
    if (!this.link) throw forbidden(`containers cannot be connected to the network ${name}`);
    const device = interfaceName(this.link.interfacePrefix, request, taken);
    const four = this.#take(4, request.ipv4);
    const six = request.without6 ? undefined : this.#takeSix(request.ipv6, four?.address);
    const mac = request.mac || (four ? macOf(four.address) : randomMac());
    const id = newId();
    this.users.add(id);
    return {
      id,
      network: name,
      interface: device,
      mac: mac.toLowerCase(),
      ipv4: four ? formatAddress(four.address) : '',
      prefix4: four?.block.subnet.prefix ?? 0,
      gateway4: this.#gatewayOf(four),
      ipv6: six ? formatAddress(six.address) : '',
      prefix6: six?.block.subnet.prefix ?? 0,
      gateway6: this.#gatewayOf(six),
      priority: request.priority ?? 0,
    };
  }

  #take(family: 4 | 6, wanted: string | undefined) {
    if (!this.plan.has(family)) {
      if (wanted) throw invalidParameter(`no configured subnet contains IP address ${wanted}`);
      return undefined;
    }
    return this.plan.take(family, wanted);
  }

  /** On failure, the IPv4 address is released. */
  #takeSix(wanted: string | undefined, four: Address | undefined) {
    try {
      return this.#take(6, wanted);
    } catch (error) {
      if (four) this.plan.free(formatAddress(four));
      throw error;
    }
  }

  #gatewayOf(taken: { readonly block: { readonly gateway: Address | undefined } } | undefined): string {
    const isolated =
      taken?.block.gateway && this.bridge?.options.mode[taken.block.gateway.family] === 'isolated';
    if (!taken?.block.gateway || this.definition.internal || isolated) return '';
    return formatAddress(taken.block.gateway);
  }

  free({ id, ipv4, ipv6 }: Endpoint): void {
    if (!this.users.delete(id)) return;
    for (const address of [ipv4, ipv6].filter(Boolean)) this.plan.free(address);
  }

  adopt({ id, ipv4, ipv6 }: Endpoint): void {
    this.users.add(id);
    for (const address of [ipv4, ipv6].filter(Boolean)) this.plan.adopt(address);
  }

  /** The host's addresses on this network, IPv4 first. */
  get gatewayAddresses(): readonly string[] {
    const all = this.definition.ipam.map(({ gateway }) => gateway ?? '').filter(Boolean);
    return all.toSorted((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
  }
}

/** A chosen name, else the first that is free: `eth0`, `eth1`, … */
function interfaceName(prefix: string, request: EndpointRequest, taken: readonly string[]): string {
  const chosen = request.driverOpts?.['com.docker.network.endpoint.ifname'];
  if (chosen) {
    if (!/^[a-zA-Z][\w.-]{0,14}$/.test(chosen) || taken.includes(chosen)) {
      throw invalidParameter(`invalid com.docker.network.endpoint.ifname: ${chosen}`);
    }
    return chosen;
  }
  for (let number = 0; ; number++) {
    const name = `${prefix}${number}`;
    if (!taken.includes(name)) return name;
  }
}

/** Locally administered. */
const randomMac = () => `02:42:${(randomBytes(4).toString('hex').match(/../g) ?? []).join(':')}`;

/** @throws BargeError invalid-parameter for addresses that an endpoint cannot have. */
export function assertRequestValid({ mac, ipv4, ipv6, linkLocal = [] }: EndpointRequest): void {
  if (mac && !/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(mac)) {
    throw invalidParameter(`invalid MAC address: ${mac}`);
  }
  if (ipv4 && parseOrNothing(ipv4)?.family !== 4) throw invalidParameter(`invalid IPv4 address: ${ipv4}`);
  if (ipv6 && parseOrNothing(ipv6)?.family !== 6) throw invalidParameter(`invalid IPv6 address: ${ipv6}`);
  const wrong = linkLocal.find((text) => !parseOrNothing(text));
  if (wrong !== undefined) throw invalidParameter(`invalid link-local IP address: ${wrong}`);
}

function parseOrNothing(text: string) {
  try {
    return parseAddress(text);
  } catch {
    return undefined;
  }
}
