import { messageOf } from '../../core/errors.ts';
import { CATALOG } from '../catalog.ts';
import type { CatalogEntry } from '../catalog-entry.ts';
import { Cli } from '../cli.ts';
import type { Command } from '../command.ts';
import type { Completion, Flag } from '../flag-types.ts';
import { GLOBAL_FLAGS } from '../global-flags.ts';
import { candidatesFor } from './names.ts';
import { type Candidate, DIRECTIVE, flagCandidates, type Proposal } from './proposal.ts';
import { type Reading, readWords } from './words.ts';

/**
 * Prints the completions of the last of `words`, one per line, a tab before each description, and finally a colon and
 * the directive to the shell: the protocol of cobra's `__complete`, which shells and tools support.
 */
export async function complete(
  words: readonly string[],
  { descriptions }: { readonly descriptions: boolean },
): Promise<number> {
  const { candidates, directive } = await propose(words).catch((error: unknown) => {
    if (process.env.BARGE_DEBUG) process.stderr.write(`${messageOf(error)}\n`);
    return { candidates: [], directive: DIRECTIVE.noFiles };
  });
  const lines = candidates.map(({ value, description = '' }) =>
    descriptions && description !== '' ? `${value}\t${description}` : value,
  );
  process.stdout.write(`${[...lines, `:${directive}`].join('\n')}\n`);
  return 0;
}

async function propose(words: readonly string[]): Promise<Proposal> {
  const globals = readWords(words, GLOBAL_FLAGS, true);
  const cli = new Cli(globals.values);
  const [name, ...rest] = globals.args;
  if (name === undefined || globals.pending) {
    return globals.pending || globals.current.startsWith('-')
      ? ofFlags(cli, globals, GLOBAL_FLAGS)
      : ofEntries(CATALOG, globals.current);
  }
  const entry = Object.hasOwn(CATALOG, name) ? CATALOG[name] : undefined;
  const line = [...rest, globals.current];
  if (entry?.kind === 'command') return ofCommand(cli, (await entry.load()).command, line);
  if (entry?.kind !== 'group') return { candidates: [], directive: DIRECTIVE.noFiles };
  const [verb, ...tail] = line;
  if (verb === undefined || tail.length === 0) return ofEntries(entry.commands, verb ?? '');
  const leaf = Object.hasOwn(entry.commands, verb) ? entry.commands[verb] : undefined;
  if (leaf?.kind !== 'command') return { candidates: [], directive: DIRECTIVE.noFiles };
  return ofCommand(cli, (await leaf.load()).command, tail);
}

/** Commands and groups that begin with `current`. */
function ofEntries(entries: Readonly<Record<string, CatalogEntry>>, current: string): Proposal {
  const candidates: Candidate[] = Object.entries(entries).flatMap(([value, entry]) => {
    const listed = entry.kind === 'group' || (entry.kind === 'command' && !entry.hidden);
    return listed && value.startsWith(current) ? [{ value, description: entry.summary }] : [];
  });
  return { candidates, directive: DIRECTIVE.noFiles };
}

async function ofCommand(cli: Cli, command: Command, line: readonly string[]): Promise<Proposal> {
  const reading = readWords(line, command.flags, command.stopAtPositional ?? false);
  const flagsOver = command.stopAtPositional && reading.args.length > 0;
  if (reading.pending || (reading.current.startsWith('-') && !flagsOver && !reading.ended)) {
    return ofFlags(cli, reading, command.flags);
  }
  const { completes = [], args } = command;
  const at = reading.args.length;
  const tooMany = args.max !== undefined && at >= args.max;
  const kind: Completion = tooMany ? 'none' : (completes[Math.min(at, completes.length - 1)] ?? 'none');
  // Only a list of names leaves out those given already; separate positions may repeat a name.
  const taken = completes.length > 1 ? [] : reading.args;
  return candidatesFor(cli, kind, reading.current, taken);
}

/** The value of the flag that needs one, else flags that begin with the current word. */
async function ofFlags(cli: Cli, reading: Reading, flags: readonly Flag[]): Promise<Proposal> {
  const { pending, current } = reading;
  if (!pending) return flagCandidates(flags, current, reading.values);
  const { flag, prefix, value } = pending;
  const kind: Completion = flag.completes ?? (flag.type === 'bool' ? ['true', 'false'] : 'file');
  const found = await candidatesFor(cli, kind, value, []);
  const candidates = found.candidates.map((one) => ({ ...one, value: prefix + one.value }));
  return { ...found, candidates };
}
