import { capture } from '../../host/process.ts';

/** A chain of somebody else's that drops what no rule of it lets through. */
interface DroppingChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

interface Listed {
  readonly nftables?: readonly {
    readonly chain?: DroppingChain & { readonly hook?: string; readonly policy?: string };
  }[];
}

/**
 * Why packets for published ports may not get through: the forward hook's chains of other tables whose policy
 * is to drop, with no rule for them. Barge never goes round such a firewall; it says which rule to add.
 * @param ownTables names of tables that are ours.
 */
export async function forwardWarnings(bridge: string, ownTables: readonly string[]): Promise<string[]> {
  const chains = await droppingChains(ownTables);
  const warnings: string[] = [];
  for (const { family, table, name } of chains) {
    const { stdout } = await capture('nft', ['list', 'chain', family, table, name]);
    if (letsThrough(stdout, bridge)) continue;
    const rule = `nft insert rule ${family} ${table} ${name} ct status dnat accept`;
    warnings.push(
      `The host's firewall (chain ${name} of the nftables table ${family} ${table}) drops forwarded packets: published ports of the bridge ${bridge} cannot be reached from outside until a rule lets them through, such as: ${rule}`,
    );
  }
  return warnings;
}

async function droppingChains(ownTables: readonly string[]): Promise<DroppingChain[]> {
  const { code, stdout } = await capture('nft', ['-j', 'list', 'chains']);
  if (code !== 0) return [];
  const { nftables = [] } = JSON.parse(stdout) as Listed;
  return nftables.flatMap(({ chain }) => {
    const drops = chain?.hook === 'forward' && chain.policy === 'drop' && !ownTables.includes(chain.table);
    return drops && ['ip', 'inet'].includes(chain.family) ? [chain] : [];
  });
}

/** A rule of the chain, or of one that it leads to by name, that accepts translated packets or those for the bridge. */
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
