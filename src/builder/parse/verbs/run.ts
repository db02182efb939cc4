import { SyntaxMistake } from '../errors.ts';
import type { CommandLine, Run } from '../instruction.ts';
import { jsonStrings } from '../json.ts';
import type { Statement } from '../statement.ts';
import { suggestion } from '../suggest.ts';
import type { Word } from '../words.ts';

const NETWORKS = ['default', 'none', 'host'] as const;
const SECURITY = ['sandbox', 'insecure'] as const;

/** `RUN [--mount=…] [--network=…] [--security=…] command` */
export function readRun(statement: Statement): Run {
  const flags = statement.flags.read({ mount: 'list', network: 'text', security: 'text', device: 'list' });
  const network = oneOf(NETWORKS, flags.text('network'), 'network mode');
  const security = oneOf(SECURITY, flags.text('security'), 'security mode');
  return {
    verb: 'RUN',
    command: commandLine(statement.rest),
    heredocs: statement.heredocs,
    mounts: flags.list('mount'),
    devices: flags.list('device'),
    ...(network === undefined ? {} : { network }),
    ...(security === undefined ? {} : { security }),
  };
}

export function commandLine(rest: Word): CommandLine {
  const args = jsonStrings(rest);
  return args ? { form: 'exec', args } : { form: 'shell', command: rest.text };
}

function oneOf<T extends string>(
  options: readonly T[],
  value: string | undefined,
  what: string,
): T | undefined {
  if (value === undefined) return undefined;
  const found = options.find((option) => option === value.toLowerCase());
  if (found) return found;
  throw new SyntaxMistake(`unsupported ${what} "${value}"${suggestion(value, options)}`);
}
