import { readFileSync } from 'node:fs';
import { errnoOf, invalidParameter, messageOf } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment of `--env-file` and `--env`, files first so that flags win. A name without a value takes the client's
 * value; on the command line, a name that the client lacks tells the daemon to remove the variable.
 */
export function readEnvironment(
  files: readonly string[],
  values: readonly string[],
  env: Environment,
): readonly string[] {
  const inherited = (name: string) => (env[name] === undefined ? undefined : `${name}=${env[name]}`);
  const fromFiles = files
    .flatMap((path) => readLines(path, 'variable'))
    .flatMap((line) => (line.includes('=') ? [line] : (inherited(line) ?? [])));
  const fromFlags = values.map((value) => (value.includes('=') ? value : (inherited(value) ?? value)));
  return [...fromFiles, ...fromFlags];
}

/** Labels of `--label-file` and `--label`; a key alone has the empty value. */
export function readLabels(files: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries([...files.flatMap((path) => readLines(path, 'label')), ...values].map(splitPair));
}

/** The meaningful lines of a `key=value` file. @throws BargeError invalid-parameter. */
function readLines(path: string, noun: string): string[] {
  const lines = readText(path)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [key] = splitPair(line);
      if (key === '')
        throw invalidParameter(`invalid env file (${path}): no variable name on line '${line}'`);
      if (/\s/.test(key)) {
        throw invalidParameter(`invalid env file (${path}): ${noun} '${key}' contains whitespaces`);
      }
      return line;
    });
}

/** A file that the user named. @throws BargeError invalid-parameter as `open x: no such file or directory`. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = errnoOf(cause) === 'ENOENT' ? 'no such file or directory' : messageOf(cause);
    throw invalidParameter(`open ${path}: ${reason}`, { cause });
  }
}

/** A `--env` value must name a variable. */
export function checkEnv(value: string): void {
  if (value === '' || value.startsWith('=')) throw invalidParameter(`invalid environment variable: ${value}`);
}

export function checkLabel(value: string): void {
  if (value.startsWith('=')) throw invalidParameter(`invalid label '${value}': empty name`);
}
