import { invalidParameter, isKind, messageOf } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { VERSION } from '../../core/version.ts';
import { isAccountCommand, runAccountCommand } from './accounts.ts';
import { flagsOf, parseFlags } from './flags.ts';
import { htpasswd } from './htpasswd.ts';
import { check, collect } from './maintain.ts';
import { serve } from './serve.ts';
import { serveOptions } from './serve-options.ts';
import { USAGE } from './usage.ts';

const COMMANDS = [
  'audit',
  'check',
  'gc',
  'htpasswd',
  'key',
  'namespace',
  'org',
  'quota',
  'repo',
  'token',
  'user',
];

/** The input and output of a command line program. */
interface Terminal {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Runs `barge-registry`. @returns the exit code: 0, 1 for a failure, 2 for a wrong command line. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(args, terminal);
  } catch (error) {
    terminal.stderr.write(`barge-registry: ${messageOf(error)}\n`);
    if (!isKind(error, 'invalid-parameter')) return 1;
    terminal.stderr.write("See 'barge-registry --help'.\n");
    return 2;
  }
}

/** @returns the exit code. */
async function run(args: readonly string[], { stdin, stdout }: Terminal): Promise<number> {
  const flags = parseFlags(args);
  const [command, ...rest] = flags.positionals;
  if (flags.values.help) stdout.write(USAGE);
  else if (flags.values.version) stdout.write(`barge-registry version ${VERSION}\n`);
  else if (command === 'htpasswd') {
    flagsOf(flags, command, []);
    stdout.write(await htpasswd(rest, stdin));
  } else if (command === 'gc') await collect(flags, stdout);
  else if (command === 'check') return await check(flags, stdout);
  else if (isAccountCommand(command)) stdout.write(await runAccountCommand(flags, stdin));
  else if (command !== undefined) throw unknownCommand(command);
  else await serve(serveOptions(flags), (line) => stdout.write(line));
  return 0;
}

function unknownCommand(command: string) {
  const near = nearest(command, COMMANDS);
  return invalidParameter(`unknown command: ${command}${near ? ` (did you mean ${near}?)` : ''}`);
}
