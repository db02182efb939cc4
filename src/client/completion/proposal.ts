import { type Flag, gathers } from '../flag-types.ts';
import type { FlagValues } from '../flags.ts';

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** Directives to the shell beside the candidates; the numbers are those of cobra's protocol. */
export const DIRECTIVE = {
  /** Offers files when there are no candidates. */
  files: 0,
  /** Adds no space after the candidate. */
  noSpace: 2,
  noFiles: 4,
  /** Offers directories only. */
  directories: 16,
} as const;

export interface Proposal {
  readonly candidates: readonly Candidate[];
  readonly directive: number;
}

/** Flags that begin with `current`; without those given already, except lists. */
export function flagCandidates(flags: readonly Flag[], current: string, given: FlagValues): Proposal {
  const usable = flags.filter((flag) => !flag.hidden && (gathers(flag.type) || !given.has(flag.name)));
  const candidates = usable.flatMap(({ name, short, description }) => [
    { value: `--${name}`, description },
    ...(short ? [{ value: `-${short}`, description }] : []),
  ]);
  candidates.push({ value: '--help', description: 'Show help' });
  candidates.sort((a, b) => (a.value < b.value ? -1 : 1));
  return {
    candidates: candidates.filter(({ value }) => value.startsWith(current)),
    directive: DIRECTIVE.noFiles,
  };
}
