import { formatAddress, parseAddress } from '../ip.ts';

/** The name servers' data about one endpoint. */
export interface NameEntry {
  readonly network: string;
  /** Case-insensitive. The first is the answer to a reverse query. */
  readonly names: readonly string[];
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Names of all endpoints, by network: an answer never comes from a network that the querying container is not on. */
export class NameDirectory {
  readonly #entries = new Map<string, NameEntry>();
  readonly #byName = new Map<string, Set<string>>();
  readonly #byAddress = new Map<string, Set<string>>();

  /** @param id the endpoint's; its previous entry is replaced. */
  set(id: string, entry: NameEntry): void {
    this.delete(id);
    this.#entries.set(id, entry);
    for (const key of keysOf(entry)) add(this.#byName, key, id);
    for (const address of [entry.ipv4, entry.ipv6].filter(Boolean)) {
      add(this.#byAddress, `${entry.network} ${address}`, id);
    }
  }

  delete(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    for (const key of keysOf(entry)) remove(this.#byName, key, id);
    for (const address of [entry.ipv4, entry.ipv6].filter(Boolean)) {
      remove(this.#byAddress, `${entry.network} ${address}`, id);
    }
  }

  /** Entries with a name, bare or followed by `.network`, on the first of the networks that has one. */
  find(networks: readonly string[], name: string): NameEntry[] {
    const wanted = name.toLowerCase();
    for (const network of networks) {
      const suffix = `.${network.toLowerCase()}`;
      const bare = wanted.endsWith(suffix) ? wanted.slice(0, -suffix.length) : undefined;
      const ids =
        this.#byName.get(`${network} ${wanted}`) ??
        (bare === undefined ? undefined : this.#byName.get(`${network} ${bare}`));
      if (ids) return this.#list(ids);
    }
    return [];
  }

  /** @returns `name.network`, or undefined when no endpoint of these networks has the address. */
  nameOf(networks: readonly string[], address: string): string | undefined {
    for (const network of networks) {
      const [entry] = this.#list(this.#byAddress.get(`${network} ${address}`) ?? new Set());
      if (entry) return `${entry.names[0]}.${network}`;
    }
    return undefined;
  }

  #list(ids: ReadonlySet<string>): NameEntry[] {
    return [...ids].flatMap((id) => this.#entries.get(id) ?? []);
  }
}

const keysOf = ({ network, names }: NameEntry) =>
  new Set(names.map((name) => `${network} ${name.toLowerCase()}`));

function add(map: Map<string, Set<string>>, key: string, id: string): void {
  const ids = map.get(key) ?? new Set();
  map.set(key, ids.add(id));
}

function remove(map: Map<string, Set<string>>, key: string, id: string): void {
  const ids = map.get(key);
  ids?.delete(id);
  if (ids?.size === 0) map.delete(key);
}

/** The address of `4.3.2.1.in-addr.arpa` or of 32 hex digits and `.ip6.arpa`; undefined for other names. */
export function reverseAddress(name: string): string | undefined {
  const text = name.toLowerCase();
  const v4 = /^(\d{1,3}(?:\.\d{1,3}){3})\.in-addr\.arpa$/.exec(text)?.[1];
  const v6 = /^([0-9a-f](?:\.[0-9a-f]){31})\.ip6\.arpa$/.exec(text)?.[1];
  try {
    if (v4) return formatAddress(parseAddress(v4.split('.').reverse().join('.')));
  } catch {
    return undefined;
  }
  if (!v6) return undefined;
  return formatAddress({ family: 6, value: BigInt(`0x${v6.split('.').reverse().join('')}`) });
}
