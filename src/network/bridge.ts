import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, invalidParameter, unavailable } from '../core/errors.ts';
import { capture, run } from '../host/process.ts';
import type { EndpointSettings, PortMap } from '../spec/engine.ts';
import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
  sizeOf,
} from './ipv4.ts';
import { NftSession } from './nft.ts';
import { NETNS_FOLDER, type Sandbox, SandboxPool } from './pool.ts';
import { type HeldPort, holdPort, type PortWish } from './ports.ts';
import { addPort, bridgeTable, type PortRule, removePort } from './rules.ts';

export interface BridgeOptions {
  /** Name of the Linux bridge, and of its nftables table. */
  readonly name: string;
  /** Gateway and prefix, `a.b.c.d/n`; undefined: the first of 172.17/16 … 172.31/16 that is not in use. */
  readonly address?: string;
  readonly poolSize: number;
}

export interface EndpointWish {
  readonly address?: string;
  readonly mac?: string;
  /** Container ports to host ports; empty HostPort: any. */
  readonly ports: PortMap;
  /** Who asks, for the message that others get when they want the same port. */
  readonly holder: string;
}

/** A container's place on a bridge. */
export interface Endpoint {
  /** Path of the network namespace. */
  readonly sandbox: string;
  readonly settings: EndpointSettings;
  /** As asked for, with the ports that were found. */
  readonly ports: PortMap;
}

interface Published {
  readonly holder: string;
  readonly rules: readonly PortRule[];
  readonly held: readonly HeldPort[];
}

/** A Linux bridge with addresses, network address translation and published ports. */
export class Bridge {
  readonly name: string;
  readonly subnet: Subnet;
  readonly gateway: number;
  readonly #pool: SandboxPool;
  readonly #nft: NftSession;
  readonly #taken = new Set<number>();
  readonly #published = new Map<string, Published>();
  #next: number;

  private constructor(name: string, subnet: Subnet, gateway: number, poolSize: number) {
    this.name = name;
    this.subnet = subnet;
    this.gateway = gateway;
    this.#next = subnet.base + 1;
    this.#nft = new NftSession(name);
    this.#pool = new SandboxPool({
      bridge: name,
      gateway,
      prefix: subnet.prefix,
      size: poolSize,
      takeAddress: () => this.#takeAddress(),
      freeAddress: (address) => this.#taken.delete(address),
    });
  }

  /** Makes the bridge, or takes over the one that an earlier daemon left, and writes its rules anew. */
  static async open(options: BridgeOptions): Promise<Bridge> {
    if (!/^[a-zA-Z][a-zA-Z0-9_]{0,11}$/.test(options.name)) {
      throw invalidParameter(`invalid bridge name ${options.name}: want up to 12 letters, digits and _`);
    }
    const { subnet, gateway } = await chooseSubnet(options);
    await prepareHost(options.name, gateway, subnet);
    await run('nft', ['-f', '-'], { input: bridgeTable(options.name, options.name, formatSubnet(subnet)) });
    return new Bridge(options.name, subnet, gateway, options.poolSize);
  }

  get gatewayAddress(): string {
    return formatAddress(this.gateway);
  }

  #takeAddress(): number {
    const size = sizeOf(this.subnet);
    for (let tries = 0; tries < size; tries++) {
      const candidate = this.subnet.base + ((this.#next++ - this.subnet.base) % size);
      if (this.#isUsable(candidate)) {
        this.#taken.add(candidate);
        return candidate;
      }
    }
    throw unavailable(`no available IPv4 addresses on network bridge (${formatSubnet(this.subnet)})`);
  }

  #isUsable(address: number): boolean {
    const last = this.subnet.base + sizeOf(this.subnet) - 1;
    return (
      address > this.subnet.base && address < last && address !== this.gateway && !this.#taken.has(address)
    );
  }

  /** Marks what a container that still runs holds, after a restart of the daemon. */
  async adopt(endpoint: Endpoint, holder: string): Promise<void> {
    this.#taken.add(parseAddress(endpoint.settings.IPAddress ?? ''));
    await this.#publish(endpoint.sandbox, endpoint.settings.IPAddress ?? '', endpoint.ports, holder);
  }

  /** Removes namespaces that no adopted container uses, and begins to fill the pool. */
  async ready(keep: readonly Endpoint[]): Promise<void> {
    await this.#pool.sweep(new Set(keep.map(({ sandbox }) => sandbox.slice(NETNS_FOLDER.length + 1))));
    this.#pool.warm();
    await this.#nft.warm();
  }

  /** @throws BargeError conflict for a taken address or host port; nothing is held then. */
  async connect(wish: EndpointWish): Promise<Endpoint> {
    const sandbox = await this.#sandboxFor(wish);
    const path = join(NETNS_FOLDER, sandbox.name);
    const address = formatAddress(sandbox.address);
    try {
      const ports = await this.#publish(path, address, wish.ports, wish.holder);
      return { sandbox: path, ports, settings: this.#settings(address, sandbox.mac) };
    } catch (error) {
      this.#pool.release(sandbox);
      throw error;
    }
  }

  async #sandboxFor(wish: EndpointWish): Promise<Sandbox> {
    if (!wish.address && !wish.mac) return await this.#pool.take();
    const address = wish.address ? this.#claim(wish.address) : this.#takeAddress();
    return await this.#pool.make(address, wish.mac);
  }

  #claim(text: string): number {
    const address = parseAddress(text);
    if (!contains(this.subnet, address)) {
      throw invalidParameter(
        `no configured subnet contains IP address ${text} (bridge has ${formatSubnet(this.subnet)})`,
      );
    }
    if (!this.#isUsable(address)) throw conflict('Address already in use');
    this.#taken.add(address);
    return address;
  }

  #settings(address: string, mac: string): EndpointSettings {
    return {
      MacAddress: mac,
      Gateway: formatAddress(this.gateway),
      IPAddress: address,
      IPPrefixLen: this.subnet.prefix,
      IPv6Gateway: '',
      GlobalIPv6Address: '',
      GlobalIPv6PrefixLen: 0,
    };
  }

  async #publish(key: string, address: string, wanted: PortMap, owner: string): Promise<PortMap> {
    const ports: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
    const rules: PortRule[] = [];
    const held: HeldPort[] = [];
    try {
      for (const [name, bindings] of Object.entries(wanted)) {
        const found: { HostIp: string; HostPort: string }[] = [];
        for (const binding of bindings ?? []) {
          const wish = portWish(name, address, binding.HostIp ?? '', binding.HostPort ?? '');
          const holder = await this.#hold(wish);
          held.push(holder);
          rules.push({ ...wish, hostPort: holder.port });
          found.push({ HostIp: wish.hostAddress || '0.0.0.0', HostPort: `${holder.port}` });
        }
        ports[name] = found.length > 0 ? found : null;
      }
      for (const rule of rules) {
        if (!rule.hostAddress.includes(':')) await this.#nft.run(addPort(this.name, rule));
      }
    } catch (error) {
      for (const holder of held) holder[Symbol.dispose]();
      throw error;
    }
    if (rules.length > 0) this.#published.set(key, { holder: owner, rules, held });
    return ports;
  }

  async #hold(wish: PortWish): Promise<HeldPort> {
    for (const { holder, rules } of this.#published.values()) {
      if (wish.hostPort && rules.some((rule) => clashes(rule, wish))) {
        throw conflict(
          `Bind for ${wish.hostAddress || '0.0.0.0'}:${wish.hostPort} failed: port is already allocated by container ${holder}`,
        );
      }
    }
    return await holdPort(wish);
  }

  /** Gives back everything that `connect` or `adopt` took. */
  async disconnect(endpoint: Endpoint): Promise<void> {
    const published = this.#published.get(endpoint.sandbox);
    this.#published.delete(endpoint.sandbox);
    for (const holder of published?.held ?? []) holder[Symbol.dispose]();
    const removals = (published?.rules ?? [])
      .filter((rule) => !rule.hostAddress.includes(':'))
      .map((rule) => this.#nft.run(removePort(this.name, rule)));
    this.#pool.release({
      name: endpoint.sandbox.slice(NETNS_FOLDER.length + 1),
      address: parseAddress(endpoint.settings.IPAddress ?? ''),
    });
    await Promise.all(removals);
  }

  /** Lets go of the pool; with `remove`, also of the bridge and its table, for no container is left. */
  async close(remove: boolean): Promise<void> {
    await this.#pool.close();
    this.#nft[Symbol.dispose]();
    for (const { held } of this.#published.values()) for (const holder of held) holder[Symbol.dispose]();
    if (!remove) return;
    await capture('nft', ['delete', 'table', 'ip', this.name]);
    await capture('ip', ['link', 'del', this.name]);
  }
}

function clashes(rule: PortRule, wish: PortWish): boolean {
  const sameAddress = !rule.hostAddress || !wish.hostAddress || rule.hostAddress === wish.hostAddress;
  return rule.protocol === wish.protocol && rule.hostPort === wish.hostPort && sameAddress;
}

/** @param name `80/tcp`. */
function portWish(name: string, address: string, hostIp: string, hostPort: string): PortWish {
  const [port = '', protocol = 'tcp'] = name.split('/');
  const hostAddress = hostIp === '0.0.0.0' || hostIp === '::' ? '' : hostIp;
  return { protocol, hostAddress, hostPort: Number(hostPort || 0), address, port: Number(port) };
}

interface IpRoute {
  readonly dst: string;
  readonly dev?: string;
}

interface IpAddress {
  readonly ifname: string;
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

async function chooseSubnet(options: BridgeOptions): Promise<{ subnet: Subnet; gateway: number }> {
  if (options.address) return withGateway(options.address);
  const links = JSON.parse((await run('ip', ['-j', 'addr'])) || '[]') as IpAddress[];
  const own = links.find((link) => link.ifname === options.name)?.addr_info.find((a) => a.family === 'inet');
  if (own) return withGateway(`${own.local}/${own.prefixlen}`);
  const routes = JSON.parse((await run('ip', ['-j', 'route'])) || '[]') as IpRoute[];
  const used = routes
    .filter(({ dst }) => /^[\d.]+\/\d+$/.test(dst) && Number(dst.split('/')[1]) >= 8)
    .map(({ dst }) => ({ base: parseAddress(dst.split('/')[0] ?? ''), prefix: Number(dst.split('/')[1]) }));
  for (let second = 17; second < 32; second++) {
    const candidate = parseSubnet(`172.${second}.0.0/16`);
    if (!used.some((subnet) => overlaps(subnet, candidate))) return withGateway(`172.${second}.0.1/16`);
  }
  throw unavailable('every network from 172.17.0.0/16 to 172.31.0.0/16 is in use: choose one with --bip');
}

function withGateway(text: string): { subnet: Subnet; gateway: number } {
  return { subnet: parseSubnet(text), gateway: parseAddress(text.split('/')[0] ?? '') };
}

async function prepareHost(name: string, gateway: number, subnet: Subnet): Promise<void> {
  const exists = (await capture('ip', ['link', 'show', name])).code === 0;
  const make = exists ? '' : `link add ${name} type bridge\n`;
  await run('ip', ['-batch', '-'], {
    input: `${make}addr replace ${formatAddress(gateway)}/${subnet.prefix} broadcast + dev ${name}\nlink set ${name} addrgenmode none up\n`,
  });
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  /* Lets 127.0.0.1 on the host be translated to a container; `loopback_guard` keeps others from using it. */
  await writeFile(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
}
