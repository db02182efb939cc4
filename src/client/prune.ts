import type { Cli } from './cli.ts';
import type { Command } from './command.ts';
import type { Flag } from './flag-types.ts';
import type { FlagValues } from './flags.ts';
import { filtersQuery } from './format/filters.ts';
import { exactSize } from './format/text.ts';

export const PRUNE_FLAGS = [
  { name: 'filter', type: 'filter', description: 'Remove only matching objects, name=value' },
  { name: 'force', short: 'f', type: 'bool', description: 'Do not ask for confirmation' },
] as const satisfies readonly Flag[];

/** The responses of `POST /…/prune`; each kind has its own list. */
interface PruneResponse {
  readonly ContainersDeleted?: readonly string[] | null;
  readonly ImagesDeleted?: readonly { readonly Untagged?: string; readonly Deleted?: string }[] | null;
  readonly NetworksDeleted?: readonly string[] | null;
  readonly VolumesDeleted?: readonly string[] | null;
  readonly CachesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

/** Whether the user confirms the removal, by `--force` or at the prompt. */
export async function agreed(flags: FlagValues, warning: string): Promise<boolean> {
  if (flags.bool('force')) return true;
  const { confirm } = await import('./auth/prompt.ts');
  return confirm(`WARNING! ${warning}`);
}

/** The filters of a prune: those of `--filter` and those of the user's configuration. */
export function pruneFilters(cli: Cli, flags: FlagValues): readonly string[] {
  const { pruneFilters: configured } = cli.config;
  const always = Array.isArray(configured) ? configured.filter((one) => typeof one === 'string') : [];
  return [...always, ...flags.list('filter')];
}

/** A `prune` of one kind of object. */
interface PruneKind {
  /** Flags beside `PRUNE_FLAGS`. */
  readonly flags?: readonly Flag[];
  readonly warning: (flags: FlagValues) => string;
  readonly request: (flags: FlagValues) => PruneRequest;
  /** Whether to print the reclaimed bytes; networks take none. */
  readonly reclaims: boolean;
}

export function pruneCommand({ flags: more = [], warning, request, reclaims }: PruneKind): Command {
  return {
    usage: '[OPTIONS]',
    flags: [...PRUNE_FLAGS, ...more],
    args: { min: 0, max: 0 },
    async run({ flags, cli }) {
      if (!(await agreed(flags, warning(flags)))) return 0;
      const bytes = await pruneKind(cli, flags, request(flags));
      if (reclaims) cli.out(reclaimedText(bytes));
      return 0;
    },
  };
}

interface PruneRequest {
  /** `containers`, `images`, … as in the API's paths. */
  readonly kind: string;
  readonly filters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** Removes the unused objects of one kind, prints them and resolves with the reclaimed bytes. */
export async function pruneKind(cli: Cli, flags: FlagValues, request: PruneRequest): Promise<number> {
  const { kind, filters, query } = request;
  const response = await cli.engine.post<PruneResponse>(`/${kind}/prune`, {
    query: { filters: filtersQuery(pruneFilters(cli, flags), filters), ...query },
  });
  cli.out(responseText(response));
  return response.SpaceReclaimed ?? 0;
}

export function reclaimedText(bytes: number): string {
  return `Total reclaimed space: ${exactSize(bytes)}\n`;
}

function responseText(response: PruneResponse): string {
  const images = (response.ImagesDeleted ?? []).map(({ Deleted, Untagged }) =>
    Deleted ? `deleted: ${Deleted}` : `untagged: ${Untagged}`,
  );
  return [
    section('Deleted Containers:', response.ContainersDeleted),
    section('Deleted Networks:', response.NetworksDeleted),
    section('Deleted Volumes:', response.VolumesDeleted),
    section('Deleted Images:', images),
    section('Deleted build cache objects:', response.CachesDeleted),
  ].join('');
}

function section(heading: string, lines: readonly string[] | null | undefined): string {
  return lines && lines.length > 0 ? `${heading}\n${lines.join('\n')}\n\n` : '';
}
