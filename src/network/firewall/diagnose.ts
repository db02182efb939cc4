import type { Nftables } from '../../host/networking.ts';

/**
 * Why packets for published ports may not get through: the forward hook's chains of other tables whose policy
 * is to drop, with no rule for them. Barge never bypasses such a firewall; it reports the rule to add.
 * @param ownTables names of tables that are ours.
 */
export async function forwardWarnings(
  nftables: Pick<Nftables, 'droppingChains' | 'listChain'>,
  bridge: string,
  ownTables: readonly string[],
): Promise<string[]> {
  const chains = (await nftables.droppingChains()).filter(
    ({ family, table }) => ['ip', 'inet'].includes(family) && !ownTables.includes(table),
  );
  const warnings: string[] = [];
  for (const chain of chains) {
    if (letsThrough(await nftables.listChain(chain), bridge)) continue;
    const { family, table, name } = chain;
    const rule = `nft insert rule ${family} ${table} ${name} ct status dnat accept`;
    warnings.push(
      `The host's firewall (chain ${name} of the nftables table ${family} ${table}) drops forwarded packets: published ports of the bridge ${bridge} cannot be reached from outside until a rule lets them through, such as: ${rule}`,
    );
  }
  return warnings;
}

/** Whether a rule of the chain, or of one that it jumps to by name, accepts translated packets or those for the bridge. */
export function letsThrough(listing: string, bridge: string): boolean {
  return listing
    .split('\n')
    .map((line) => line.replace(/counter packets \d+ bytes \d+ ?/, '').trim())
    .some(
      (line) =>
        line === 'accept' ||
        (/ accept$/.test(line) &&
          (/ct status (dnat|.*\bdnat\b)/.test(line) || line.includes(`oifname "${bridge}"`))),
    );
}
