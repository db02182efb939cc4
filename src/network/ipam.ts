import { forbidden, invalidParameter } from '../core/errors.ts';
import { type ExactInteger, exactInteger } from '../core/exact-integer.ts';
import {
  type Address,
  contains,
  type Family,
  formatAddress,
  parseAddress,
  parseSubnet,
  type Subnet,
  sizeOf,
} from './ip.ts';

/** One subnet of a network, in the shape of the API's `IPAM.Config`. */
export interface IpamBlock {
  readonly subnet: string;
  readonly ipRange?: string;
  /** The host's address. */
  readonly gateway?: string;
  /** The containers' default gateway, if it is not the host. */
  readonly router?: string;
  /** Addresses reserved for other machines, by a name for each. */
  readonly auxiliary?: Readonly<Record<string, string>>;
}

interface BlockStatus {
  readonly IPsInUse: ExactInteger;
  readonly DynamicIPsAvailable: ExactInteger;
}

/** Addresses of one subnet: each is allocated once, and the most recently released one is reused last. */
class AddressBlock {
  readonly subnet: Subnet;
  /** The gateway of the containers' default route. */
  readonly gateway: Address | undefined;
  readonly #range: Subnet;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  constructor(block: IpamBlock) {
    this.subnet = parseSubnet(block.subnet);
    this.#range = block.ipRange ? parseSubnet(block.ipRange) : this.subnet;
    this.#next = this.#range.base;
    const { gateway, router = gateway, auxiliary = {} } = block;
    this.gateway = router ? parseAddress(router) : undefined;
    for (const text of [gateway, router, ...Object.values(auxiliary)].filter((one) => one !== undefined)) {
      this.#taken.add(parseAddress(text).value);
    }
    for (const value of this.#unusable()) this.#taken.add(value);
  }

  get family(): Family {
    return this.subnet.family;
  }

  /** The network's own address, and the broadcast address of IPv4. */
  #unusable(): bigint[] {
    const { base, family, prefix } = this.subnet;
    if (family === 6) return prefix < 127 ? [base] : [];
    return prefix < 31 ? [base, base + sizeOf(this.subnet) - 1n] : [];
  }

  /** The next free address of the range; undefined when there is none. */
  take(): Address | undefined {
    const size = sizeOf(this.#range);
    for (let tries = 0n; tries < size; tries++) {
      const value = this.#range.base + ((this.#next - this.#range.base) % size);
      this.#next = value + 1n;
      if (this.#taken.has(value)) continue;
      this.#taken.add(value);
      return { family: this.family, value };
    }
    return undefined;
  }

  /** @throws BargeError forbidden when the address is allocated. */
  claim(address: Address): void {
    if (this.#taken.has(address.value)) throw forbidden('Address already in use');
    this.#taken.add(address.value);
  }

  /** Marks the addresses of a container that outlived the daemon. */
  adopt(address: Address): void {
    this.#taken.add(address.value);
  }

  free(address: Address): void {
    this.#taken.delete(address.value);
  }

  status(): BlockStatus {
    const inRange = [...this.#taken].filter((value) => contains(this.#range, { family: this.family, value }));
    const left = sizeOf(this.#range) - BigInt(inRange.length);
    return { IPsInUse: this.#taken.size, DynamicIPsAvailable: exactInteger(left) };
  }
}

/** All addresses of a network, both families. */
export class AddressPlan {
  readonly blocks: readonly AddressBlock[];
  readonly #owner: string;

  /** @param owner network's name and id, for messages. */
  constructor(blocks: readonly IpamBlock[], owner: string) {
    this.blocks = blocks.map((block) => new AddressBlock(block));
    this.#owner = owner;
  }

  has(family: Family): boolean {
    return this.blocks.some((block) => block.family === family);
  }

  /** @throws BargeError forbidden when all are allocated, invalid-parameter for one outside of every subnet. */
  take(family: Family, wanted?: string): { address: Address; block: AddressBlock } {
    const blocks = this.blocks.filter((block) => block.family === family);
    if (wanted) return claimIn(blocks, wanted);
    for (const block of blocks) {
      const address = block.take();
      if (address) return { address, block };
    }
    throw forbidden(
      `no available IPv${family} addresses on this network's address pools: ${this.#owner}: remove containers, or create a network with a larger --subnet or --ip-range`,
    );
  }

  #blockOf(text: string): AddressBlock | undefined {
    const address = parseAddress(text);
    return this.blocks.find((block) => contains(block.subnet, address));
  }

  adopt(text: string): void {
    this.#blockOf(text)?.adopt(parseAddress(text));
  }

  free(text: string): void {
    this.#blockOf(text)?.free(parseAddress(text));
  }
}

function claimIn(blocks: readonly AddressBlock[], wanted: string) {
  const address = parseAddress(wanted);
  const block = blocks.find(({ subnet }) => contains(subnet, address));
  if (!block) throw invalidParameter(`no configured subnet contains IP address ${formatAddress(address)}`);
  block.claim(address);
  return { address, block };
}
