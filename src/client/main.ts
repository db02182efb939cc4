import { entryOf } from '../core/entry-of.ts';
import { messageOf } from '../core/errors.ts';
import { CATALOG } from './catalog.ts';
import type { CatalogCommand, CatalogEntry, CatalogGroup, Unsupported } from './catalog-entry.ts';
import { CLIENT_VERSION, Cli } from './cli.ts';
import type { Command } from './command.ts';
import { CommandFailure } from './failure.ts';
import type { FlagValues } from './flags.ts';
import { printable } from './format/printable.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import { FlagError, type ParsedLine, parseFlags } from './parse-flags.ts';

const PROGRAM = 'barge';

/** Runs one command line, without the program's name, and resolves with the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let globals: ParsedLine<typeof GLOBAL_FLAGS>;
  try {
    globals = parseFlags(words, GLOBAL_FLAGS, { stopAtPositional: true });
  } catch (error) {
    return reportFlagError(error, PROGRAM, GLOBAL_FLAGS);
  }
  if (globals.flags.bool('version')) {
    process.stdout.write(`Barge version ${CLIENT_VERSION}\n`);
    return 0;
  }
  const [name, ...rest] = globals.args;
  if (globals.help || name === undefined || name === 'help') return help(globals.help ? [] : rest);
  if (name === '__complete' || name === '__completeNoDesc') {
    const { complete } = await import('./completion/complete.ts');
    return complete(rest, { descriptions: name === '__complete' });
  }
  return dispatch(globals.args, globals.flags);
}

/** Runs the command that `words` begin with. @param aliased they come from an alias, so aliases are not expanded again */
async function dispatch(words: readonly string[], globals: FlagValues, aliased = false): Promise<number> {
  const [name = '', ...rest] = words;
  const entry = lookUp(CATALOG, name);
  if (!entry) {
    const alias = aliased ? undefined : new Cli(globals).config.aliases?.[name];
    if (typeof alias !== 'string') return unknownCommand(name);
    return dispatch([...alias.trim().split(/\s+/), ...rest], globals, true);
  }
  if (entry.kind === 'group') return runGroup(name, entry, rest, globals);
  if (entry.kind === 'unsupported') return unsupported(name, entry);
  return runCommand(`${PROGRAM} ${name}`, entry, rest, globals);
}

function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function unsupported(name: string, { reason }: Unsupported): number {
  process.stderr.write(`${PROGRAM}: '${PROGRAM} ${name}' is not supported: ${reason}\n`);
  return 1;
}

async function runGroup(
  name: string,
  group: CatalogGroup,
  words: readonly string[],
  globals: FlagValues,
): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === undefined || verb === '--help' || verb === '-h') return help([name]);
  const entry = lookUp(group.commands, verb);
  if (!entry) return unknownCommand(verb, name);
  if (entry.kind === 'unsupported') return unsupported(`${name} ${verb}`, entry);
  return runCommand(`${PROGRAM} ${name} ${verb}`, entry, rest, globals);
}

async function runCommand(
  path: string,
  entry: CatalogCommand,
  words: readonly string[],
  globals: FlagValues,
): Promise<number> {
  const { command } = await entry.load();
  let line: ParsedLine;
  try {
    line = parseFlags(words, command.flags, { stopAtPositional: command.stopAtPositional ?? false });
  } catch (error) {
    return reportFlagError(error, path, command.flags);
  }
  if (line.help) {
    const { commandHelp } = await import('./help.ts');
    process.stdout.write(commandHelp(path, entry, command));
    return 0;
  }
  for (const warning of line.warnings) process.stderr.write(`${warning}\n`);
  const complaint = countComplaint(path, command, line.args.length);
  if (complaint) {
    process.stderr.write(complaint);
    return 1;
  }
  try {
    return await command.run({ path, flags: line.flags, args: line.args, cli: new Cli(globals) });
  } catch (error) {
    return report(error, path, command);
  }
}

/** Prints a failure as docker does and returns the exit code. */
function report(error: unknown, path: string, command: Command): number {
  const style = command.failure ?? { exitCode: 1, named: false };
  // Docker's own check before a run (exit code 1) omits the program's name.
  const bare = error instanceof CommandFailure && error.exitCode === 1 && style.exitCode !== 1;
  const message = printable(messageOf(error));
  if (message === '') return error instanceof CommandFailure ? error.exitCode : style.exitCode;
  const text =
    style.named && !bare
      ? `${PROGRAM}: ${message}\n\nRun '${path} --help' for more information\n`
      : `${message}\n`;
  process.stderr.write(text);
  if (process.env.BARGE_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof CommandFailure ? error.exitCode : style.exitCode;
}

function countComplaint(path: string, command: Command, count: number): string | undefined {
  const { min, max } = command.args;
  if (count >= min && (max === undefined || count <= max)) return undefined;
  const plural = (n: number) => `${n} argument${n === 1 ? '' : 's'}`;
  const wanted =
    max === 0
      ? 'accepts no arguments'
      : min === max
        ? `requires ${plural(min)}`
        : count < min
          ? `requires at least ${plural(min)}`
          : `requires at most ${plural(max ?? 0)}`;
  return (
    `${PROGRAM}: '${path}' ${wanted}\n\nUsage:  ${path} ${command.usage}\n\n` +
    `See '${path} --help' for more information\n`
  );
}

async function reportFlagError(error: unknown, path: string, flags: Command['flags']): Promise<number> {
  if (!(error instanceof FlagError)) throw error;
  let text = `${error.message}\n`;
  if (error.unknownFlag !== undefined) {
    const { nearest } = await import('../core/nearest.ts');
    const names = flags.filter((flag) => !flag.hidden).map((flag) => flag.name);
    const guess = nearest(error.unknownFlag, names);
    if (guess) text += `Did you mean --${guess}?\n`;
  }
  process.stderr.write(`${text}See '${path} --help'.\n`);
  return error.exitCode;
}

async function unknownCommand(name: string, group?: string): Promise<number> {
  const { nearest } = await import('../core/nearest.ts');
  const entry = group === undefined ? undefined : entryOf(CATALOG, group);
  const table: Readonly<Record<string, CatalogEntry>> = entry?.kind === 'group' ? entry.commands : CATALOG;
  const names = Object.keys(table).filter((one) => table[one]?.kind !== 'unsupported');
  const guess = nearest(name, names);
  const prefix = group === undefined ? '' : `${group} `;
  process.stderr.write(
    `${PROGRAM}: '${prefix}${name}' is not a barge command.\n` +
      (guess ? `Did you mean '${PROGRAM} ${prefix}${guess}'?\n` : '') +
      `See '${PROGRAM} ${prefix}--help'\n`,
  );
  return 1;
}

/** Help for the program, a group (`help network`) or a command (`help run`). */
async function help(words: readonly string[]): Promise<number> {
  const { commandHelp, groupHelp, topLevelHelp } = await import('./help.ts');
  const [name, verb] = words;
  if (name === undefined) {
    process.stdout.write(topLevelHelp());
    return 0;
  }
  const entry = lookUp(CATALOG, name);
  if (!entry) return unknownCommand(name);
  if (entry.kind === 'group' && verb === undefined) {
    process.stdout.write(groupHelp(name, entry));
    return 0;
  }
  const leaf = entry.kind === 'group' ? lookUp(entry.commands, verb ?? '') : entry;
  if (!leaf) return unknownCommand(verb ?? '', name);
  const path = [name, ...(entry.kind === 'group' && verb ? [verb] : [])].join(' ');
  if (leaf.kind === 'unsupported') return unsupported(path, leaf);
  process.stdout.write(commandHelp(`${PROGRAM} ${path}`, leaf, (await leaf.load()).command));
  return 0;
}
