import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Command, runToEnd } from '../measure/process.ts';

export function programPath(name: string): string | undefined {
  return programPaths(name)[0];
}

/** All programs of that name, the one that a shell would run first. */
export function programPaths(name: string): readonly string[] {
  const directories = new Set([...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']);
  return [...directories].map((directory) => join(directory, name)).filter((path) => existsSync(path));
}

/** "no dockerd here" for the first program that is not on the PATH. */
export function missingProgram(...names: string[]): string | undefined {
  const missing = names.find((name) => !programPath(name));
  return missing && `no ${missing} here (npm run bench -- --setup-peers installs it)`;
}

/** The first text in a program's output that looks like a version. */
export function versionOf(command: Command): string {
  return /\d+\.\d+[^\s,]*/.exec(runToEnd(command))?.[0] ?? 'unknown';
}
