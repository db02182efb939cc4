import { messageOf, unavailable } from '../../core/errors.ts';
import type { Nftables, NftablesSession } from '../../host/networking.ts';
import {
  addBridge,
  addPort,
  type BridgeRules,
  type PortRule,
  removeBridge,
  removePort,
  userTable,
  userTableName,
  wholeTable,
} from './table.ts';

/** The daemon's nftables table in the kernel. */
export class Firewall {
  readonly table: string;
  readonly enabled: boolean;
  readonly #nftables: Nftables;
  readonly #session: NftablesSession;

  private constructor(nftables: Nftables, table: string, enabled: boolean) {
    this.#nftables = nftables;
    this.table = table;
    this.enabled = enabled;
    this.#session = nftables.session(table);
  }

  /**
   * Replaces the table with one without bridges. @param enabled false: no rule is ever written.
   * @throws BargeError unavailable where nftables does not work.
   */
  static async open(nftables: Nftables, table: string, enabled = true): Promise<Firewall> {
    if (!enabled) {
      await nftables.deleteTable('inet', table);
      return new Firewall(nftables, table, false);
    }
    try {
      await nftables.apply(`${oldTable(table)}${wholeTable(table)}${userTable(table)}`);
    } catch (error) {
      throw unavailable(
        `nftables does not work on this host: Barge needs the program nft and a kernel with nf_tables, iptables-legacy is not enough (or start with --bridge=none): ${messageOf(error)}`,
        { cause: error },
      );
    }
    return new Firewall(nftables, table, true);
  }

  async addBridge(rules: BridgeRules): Promise<void> {
    if (this.enabled) await this.#nftables.apply(addBridge(this.table, rules));
  }

  async removeBridge(rules: BridgeRules): Promise<void> {
    if (this.enabled) await this.#nftables.apply(removeBridge(this.table, rules));
  }

  async addPort(rule: PortRule): Promise<void> {
    if (this.enabled) await this.#session.run(addPort(this.table, rule));
  }

  async removePort(rule: PortRule): Promise<void> {
    if (this.enabled) await this.#session.run(removePort(this.table, rule));
  }

  async warm(): Promise<void> {
    if (this.enabled) await this.#session.warm();
  }

  /** With `remove`, the table is removed as well, and so is the user's table if it is empty. */
  async close(remove: boolean): Promise<void> {
    this.#session[Symbol.dispose]();
    if (!remove || !this.enabled) return;
    await this.#nftables.deleteTable('inet', this.table);
    const own = userTableName(this.table);
    const listing = await this.#nftables.listTable('inet', own);
    if (isUntouched(listing)) await this.#nftables.deleteTable('inet', own);
  }
}

/** The table of earlier versions, for IPv4 only. */
const oldTable = (table: string) => `table ip ${table} {}\ndelete table ip ${table}\n`;

/** @param listing nft's listing of the user's table. */
function isUntouched(listing: string): boolean {
  const lines = listing.split('\n').map((line) => line.trim());
  return lines.every((line) => line === '' || line === '}' || /^(table|chain|type) /.test(line));
}
