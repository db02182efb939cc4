import { BargeError, isKind, messageOf } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { CommandFailure } from '../failure.ts';
import { compileTemplate } from '../template/evaluator.ts';
import { exactJson } from '../template/print.ts';
import { withType } from '../template/values.ts';
import { type InspectedType, inspectedType } from './types.ts';

/** Docker's exit code for a malformed template. */
const EXIT_TEMPLATE = 64;

/** One object, and its kind in templates. */
interface Inspected {
  readonly value: unknown;
  readonly type?: InspectedType;
}

/** The results of `find` as objects of one kind. */
export const asType =
  (type: InspectedType, find: (name: string) => Promise<unknown>) => async (name: string) => ({
    value: await find(name),
    type,
  });

/**
 * Prints the objects that `find` returns for the names: as one JSON list, or through a Go template, one line each.
 * Missing names are reported at the end. Resolves with the exit code.
 */
export async function inspectEach(
  cli: Cli,
  names: readonly string[],
  format: string,
  find: (name: string) => Promise<Inspected>,
): Promise<number> {
  const render = compileFormat(format);
  const found: Inspected[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      failures.push(messageOf(error));
      if (!(error instanceof BargeError) || isKind(error, 'unavailable')) break;
    }
  }
  if (render) for (const one of found) cli.draw(`${render(one)}\n`);
  else {
    const values = found.map(({ value }) => value);
    cli.out(`${format === 'json' ? exactJson(values) : exactJson(values, 4)}\n`);
  }
  for (const failure of failures) cli.err(`${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}

/** The printer of one object; undefined for a JSON list of all. */
function compileFormat(format: string): ((one: Inspected) => string) | undefined {
  if (format === '' || format === 'json') return undefined;
  const template = inTemplate(EXIT_TEMPLATE, () => compileTemplate(format));
  return ({ value, type }) =>
    inTemplate(1, () => template(type === undefined ? value : withType(value, inspectedType(type))));
}

/** Prefixes the failure of a template as docker does. */
function inTemplate<T>(exitCode: number, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new CommandFailure(`template parsing error: ${messageOf(cause)}`, exitCode, { cause });
  }
}
