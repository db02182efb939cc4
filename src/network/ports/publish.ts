import { isIP } from 'node:net';
import type { PortMap } from '../../api/engine/networks.ts';
import { conflict, invalidParameter } from '../../core/errors.ts';
import type { Namespaces } from '../../host/networking.ts';
import type { Firewall } from '../firewall/firewall.ts';
import type { GatewayMode, PortRule } from '../firewall/table.ts';
import type { Family } from '../ip.ts';
import type { NetworkSettings } from '../settings.ts';
import { type HeldPort, holdPort, inBrackets, type PortRequest } from './hold.ts';

/** The target of a container's published ports. */
export interface PublishTarget {
  /** Empty: the container has no address of that family. */
  readonly address: Readonly<Record<Family, string>>;
  readonly mode: Readonly<Record<Family, GatewayMode>>;
  /** Host address for ports that are published without one; empty: all. */
  readonly hostBinding: string;
}

interface Published {
  readonly owner: string;
  readonly rules: readonly PortRule[];
  readonly held: readonly HeldPort[];
}

interface Found {
  readonly rules: PortRule[];
  readonly held: HeldPort[];
}

/** Range for random ports where the kernel cannot choose: for SCTP, and for a port common to both families. */
const FIRST_RANDOM = 49153;
const LAST_RANDOM = 65535;
const RANDOM_TRIES = 32;

/** All published ports of a daemon. */
export class PortPublisher {
  readonly #firewall: Firewall;
  readonly #flows: Pick<Pick<Namespaces, 'forgetUdpFlows'>, 'forgetUdpFlows'>;
  readonly #settings: Pick<NetworkSettings, 'relay' | 'rules'>;
  readonly #published = new Map<string, Published>();

  constructor(
    firewall: Firewall,
    settings: Pick<NetworkSettings, 'relay' | 'rules'>,
    flows: Pick<Pick<Namespaces, 'forgetUdpFlows'>, 'forgetUdpFlows'>,
  ) {
    this.#flows = flows;
    this.#firewall = firewall;
    this.#settings = settings;
  }

  /**
   * @param key the key for `withdraw`.
   * @param owner the container, for the message to others that request the same port.
   * @returns `wanted` with the allocated ports.
   * @throws BargeError conflict naming the holder; nothing is published then.
   */
  async publish(key: string, target: PublishTarget, wanted: PortMap, owner: string): Promise<PortMap> {
    const ports: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
    const found: Found = { rules: [], held: [] };
    const added: PortRule[] = [];
    try {
      for (const [name, bindings] of Object.entries(wanted)) {
        const { port, protocol } = containerPort(name);
        const got: { HostIp: string; HostPort: string }[] = [];
        for (const { HostIp = '', HostPort = '' } of bindings ?? []) {
          const addresses = hostAddresses(HostIp || target.hostBinding);
          got.push(...(await this.#bind({ protocol, port, HostPort, addresses }, target, found)));
        }
        ports[name] = got.length > 0 ? got : null;
      }
      for (const rule of found.rules) {
        await this.#firewall.addPort(rule);
        added.push(rule);
      }
      await this.#forgetFlows(added);
    } catch (error) {
      for (const rule of added) await this.#firewall.removePort(rule).catch(() => {});
      for (const holder of found.held) holder[Symbol.dispose]();
      throw error;
    }
    if (found.rules.length + found.held.length > 0) this.#published.set(key, { owner, ...found });
    return ports;
  }

  /** A sender that never pauses would keep its conntrack entry, and with it the translation to a removed container. */
  async #forgetFlows(rules: readonly PortRule[]): Promise<void> {
    const ports = new Set(rules.filter(({ protocol }) => protocol === 'udp').map(({ hostPort }) => hostPort));
    for (const port of ports) await this.#flows.forgetUdpFlows(port);
  }

  /** One binding of a container's port: the same port on all host addresses that it stands for. */
  async #bind(
    request: { protocol: string; port: number; HostPort: string; addresses: readonly string[] },
    target: PublishTarget,
    found: Found,
  ): Promise<{ HostIp: string; HostPort: string }[]> {
    const candidates = candidatePorts(request.HostPort, request.protocol, request.addresses.length);
    for (const [i, hostPort] of candidates.entries()) {
      const held: HeldPort[] = [];
      try {
        const bound: { HostIp: string; HostPort: string }[] = [];
        const rules: PortRule[] = [];
        for (const hostAddress of request.addresses) {
          const address = target.address[familyOf(hostAddress)] || target.address[4] || target.address[6];
          const { relay, rules: families } = this.#settings;
          const exact = {
            protocol: request.protocol,
            hostAddress,
            hostPort,
            address,
            port: request.port,
            relay,
          };
          this.#assertFree(exact, found.rules);
          const holder = await holdOptionally(exact, request.addresses.length > 1);
          if (!holder) continue;
          held.push(holder);
          if (familyOf(hostAddress) === 4 || families.ipv6) {
            rules.push(...ruleOf(exact, holder.port, target));
          }
          bound.push({ HostIp: hostAddress, HostPort: `${holder.port}` });
        }
        found.held.push(...held);
        found.rules.push(...rules);
        return bound;
      } catch (error) {
        for (const holder of held) holder[Symbol.dispose]();
        if (i === candidates.length - 1) throw error;
      }
    }
    return [];
  }

  #assertFree(request: PortRequest, own: readonly PortRule[]): void {
    if (!request.hostPort) return;
    for (const { owner, rules } of [...this.#published.values(), { owner: 'itself', rules: own }]) {
      if (!rules.some((rule) => clashes(rule, request))) continue;
      throw conflict(
        `Bind for ${inBrackets(request.hostAddress)}:${request.hostPort} failed: port is already allocated by container ${owner}`,
      );
    }
  }

  /** Reverts `publish` for this key. */
  async withdraw(key: string): Promise<void> {
    const published = this.#published.get(key);
    this.#published.delete(key);
    for (const holder of published?.held ?? []) holder[Symbol.dispose]();
    await Promise.all((published?.rules ?? []).map((rule) => this.#firewall.removePort(rule)));
  }

  close(): void {
    for (const { held } of this.#published.values()) for (const holder of held) holder[Symbol.dispose]();
  }
}

const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);
const isAny = (address: string) => address === '0.0.0.0' || address === '::';

/** @param name `80/tcp`. @throws BargeError invalid-parameter. */
function containerPort(name: string): { port: number; protocol: string } {
  const [, port = '', protocol = ''] = /^(\d{1,5})\/(tcp|udp|sctp)$/.exec(name) ?? [];
  if (!port || Number(port) < 1 || Number(port) > 65535) {
    throw invalidParameter(`invalid port specification: "${name}": want PORT/tcp, PORT/udp or PORT/sctp`);
  }
  return { port: Number(port), protocol };
}

/** No address means all addresses of both families. @throws BargeError invalid-parameter for an invalid address. */
function hostAddresses(hostIp: string): readonly string[] {
  if (hostIp && !isIP(hostIp)) throw invalidParameter(`invalid host address of a published port: ${hostIp}`);
  return hostIp ? [hostIp] : ['0.0.0.0', '::'];
}

/** The IPv6 wildcard is bound in addition to the IPv4 one where the host has IPv6. */
async function holdOptionally(request: PortRequest, several: boolean): Promise<HeldPort | undefined> {
  try {
    return await holdPort(request);
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
    const without6 = cause?.code === 'EAFNOSUPPORT' || cause?.code === 'EADDRNOTAVAIL';
    if (several && request.hostAddress === '::' && without6) return undefined;
    throw error;
  }
}

/** A rule where host and container share the family; other traffic is relayed by the bound socket. */
function ruleOf(request: PortRequest, hostPort: number, { address, mode }: PublishTarget): PortRule[] {
  const family = familyOf(request.hostAddress);
  if (!address[family]) return [];
  const hostAddress = isAny(request.hostAddress) ? '' : request.hostAddress;
  const routed = mode[family] === 'routed';
  return [
    {
      protocol: request.protocol,
      hostAddress,
      hostPort,
      address: address[family],
      port: request.port,
      family,
      routed,
    },
  ];
}

function clashes(rule: PortRule, request: PortRequest): boolean {
  const any = !rule.hostAddress || isAny(request.hostAddress) || rule.hostAddress === request.hostAddress;
  const sameFamily = rule.family === familyOf(request.hostAddress);
  return rule.protocol === request.protocol && rule.hostPort === request.hostPort && sameFamily && any;
}

/** @param text ``, `8080`, `8080-8090`. @throws BargeError invalid-parameter for anything else. */
function candidatePorts(text: string, protocol: string, addresses: number): readonly number[] {
  if (text === '' || text === '0') {
    if (protocol !== 'sctp' && addresses === 1) return [0];
    const random = () => FIRST_RANDOM + Math.floor(Math.random() * (LAST_RANDOM - FIRST_RANDOM + 1));
    return Array.from({ length: RANDOM_TRIES }, random);
  }
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to || from)];
  if (!from || first < 1 || last > 65535 || last < first) {
    throw invalidParameter(`invalid port specification: "${text}": want a port or a range from 1 to 65535`);
  }
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
