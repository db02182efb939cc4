import { BargeError, isKind, messageOf } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { CommandFailure } from '../failure.ts';
import { compileTemplate } from '../template/evaluator.ts';
import { exactJson } from '../template/print.ts';

/** Members that Go's structs have though the daemon's JSON leaves them out when they are empty. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'Annotations',
  'Cmd',
  'ConfigFrom',
  'ConfigOnly',
  'Entrypoint',
  'Env',
  'ExposedPorts',
  'Health',
  'Healthcheck',
  'HealthConfig',
  'Labels',
  'MacAddress',
  'Mounts',
  'NetworkDisabled',
  'OnBuild',
  'Options',
  'Shell',
  'SizeRootFs',
  'SizeRw',
  'Status',
  'StopSignal',
  'StopTimeout',
  'Tmpfs',
  'UsageData',
  'User',
  'Variant',
  'Volumes',
  'WorkingDir',
]);

/** What docker ends with for a template that is none. */
const EXIT_TEMPLATE = 64;

/**
 * Prints what `find` knows of every name: as one JSON list, or through a Go template, one line each. Names that
 * are not there are reported after the rest. Resolves with the exit code.
 */
export async function inspectEach(
  cli: Cli,
  names: readonly string[],
  format: string,
  find: (name: string) => Promise<unknown>,
): Promise<number> {
  const render = compileFormat(format);
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      failures.push(messageOf(error));
      if (!(error instanceof BargeError) || isKind(error, 'unavailable')) break;
    }
  }
  if (!render) cli.out(`${exactJson(found, 4)}\n`);
  else for (const value of found) cli.draw(`${render(value)}\n`);
  for (const failure of failures) cli.err(`${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}

/** How to print one object; undefined for docker's indented list. */
function compileFormat(format: string): ((value: unknown) => string) | undefined {
  if (format === '') return undefined;
  if (format === 'json') return (value) => exactJson(value);
  const template = inTemplate(EXIT_TEMPLATE, () =>
    compileTemplate(format, { optional: OPTIONAL, structs: true }),
  );
  return (value) => inTemplate(1, () => template(value));
}

/** Adds docker's preface to what goes wrong with a template. */
function inTemplate<T>(exitCode: number, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new CommandFailure(`template parsing error: ${messageOf(cause)}`, exitCode, { cause });
  }
}
