import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { invalidParameter, notFound, systemError } from '../core/errors.ts';
import { confusingV2Mount } from './cgroups.ts';
import { capture } from './process.ts';
import { searchPath } from './search-path.ts';

/** A program with the command line of runc: crun, runc, youki, … */
export interface OciRuntime {
  readonly name: string;
  readonly path: string;
  readonly isCrun: boolean;
  /** What comes before every command, from the daemon's settings. */
  readonly args?: readonly string[];
  /** Mount to hide from it; see `confusingV2Mount`. */
  readonly hide?: string;
}

export interface RuntimeDirectories {
  /** The runtime's own state (`--root`). */
  readonly root: string;
  /** Where one container's sockets, pid file and log are. */
  readonly container: string;
}

/** Finds the runtime of this name on the PATH. @throws BargeError not-found. */
export function findRuntime(name: string): OciRuntime {
  const path = isAbsolute(name) ? name : searchPath(name);
  if (!path || !existsSync(path))
    throw notFound(`unknown or invalid runtime name: ${name}: no such program on the PATH`);
  const isCrun = /crun$/.test(path);
  const hide = isCrun ? confusingV2Mount() : undefined;
  return { name, path, isCrun, ...(hide ? { hide } : {}) };
}

const BUILT_IN: Readonly<Record<string, string>> = {
  crun: 'crun',
  runc: 'runc',
  'io.containerd.runc.v2': 'runc',
};

/**
 * A runtime by the name that a container gives.
 * @param known runtimes of the daemon's settings.
 * @returns undefined for docker's own name of its default where the program is not installed: ours stands in.
 * @throws BargeError invalid-parameter for a name that is none of these, nor crun or runc.
 */
export function namedRuntime(
  name: string,
  known: Readonly<Record<string, { readonly path: string; readonly runtimeArgs?: readonly string[] }>>,
): OciRuntime | undefined {
  const setting = Object.hasOwn(known, name) ? known[name] : undefined;
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  const program = setting?.path ?? builtIn;
  if (!program) throw invalidParameter(`unknown or invalid runtime name: ${name}`);
  if (!setting && !searchPath(program)) return undefined;
  const { name: _, ...runtime } = findRuntime(program);
  return { name, ...runtime, ...(setting?.runtimeArgs ? { args: setting.runtimeArgs } : {}) };
}

/** The runtime for containers that name none: crun, or runc where there is no crun. */
export function defaultRuntime(): OciRuntime {
  const name = ['crun', 'runc'].find((candidate) => searchPath(candidate));
  if (!name) throw systemError('no OCI runtime is installed: install crun or runc (npm run setup does)');
  return findRuntime(name);
}

export async function runtimeVersion(runtime: OciRuntime): Promise<string> {
  const { stdout } = await capture(runtime.path, ['--version']);
  return /version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

const LOG_NAME = 'runtime.log';

export function runtimeLog(directories: RuntimeDirectories): string {
  return join(directories.container, LOG_NAME);
}

function common(runtime: OciRuntime, directories: RuntimeDirectories): string[] {
  return [
    runtime.path,
    ...(runtime.args ?? []),
    '--root',
    directories.root,
    '--log',
    runtimeLog(directories),
    '--log-format',
    'json',
  ];
}

function streams(directories: RuntimeDirectories, tty: boolean): string[] {
  const console = tty ? ['--console-socket', join(directories.container, 'console')] : [];
  return ['--pid-file', join(directories.container, 'pid'), ...console];
}

export function runArguments(
  runtime: OciRuntime,
  directories: RuntimeDirectories,
  id: string,
  tty: boolean,
): string[] {
  return [
    ...common(runtime, directories),
    'run',
    '-d',
    ...streams(directories, tty),
    '--bundle',
    directories.container,
    id,
  ];
}

/** @param processFile an OCI process description. */
export function execArguments(
  runtime: OciRuntime,
  directories: RuntimeDirectories,
  id: string,
  tty: boolean,
  processFile: string,
): string[] {
  return [
    ...common(runtime, directories),
    'exec',
    '-d',
    ...streams(directories, tty),
    '--process',
    processFile,
    id,
  ];
}

export function deleteArguments(runtime: OciRuntime, directories: RuntimeDirectories, id: string): string[] {
  return [runtime.path, ...(runtime.args ?? []), '--root', directories.root, 'delete', '--force', id];
}
