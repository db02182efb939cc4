import { join } from 'node:path';

/** A program with the command line of runc: crun, runc, youki, … */
export interface OciRuntime {
  readonly name: string;
  readonly path: string;
  readonly isCrun: boolean;
  /** Arguments before every command, from the daemon's settings. */
  readonly args?: readonly string[];
  /**
   * A mount that the runtime must not see: the v2 hierarchy of a hybrid host whose controllers sit in it. Crun refuses such
   * a host, and works when it does not see the mount.
   */
  readonly hide?: string;
}

export type KnownRuntimes = Readonly<
  Record<string, { readonly path: string; readonly runtimeArgs?: readonly string[] }>
>;

/** The OCI runtimes of this host. */
export interface Runtimes {
  /** Finds the runtime of this name on the PATH. @throws BargeError not-found. */
  find(name: string): OciRuntime;
  /** The runtime for containers that name none: crun, or runc where there is no crun. @throws BargeError system without either. */
  byDefault(): OciRuntime;
  /**
   * A runtime by the name that a container gives.
   * @param known runtimes of the daemon's settings.
   * @returns undefined for docker's own name of its default where the program is not installed: ours stands in.
   * @throws BargeError invalid-parameter for a name that is none of these, nor crun or runc.
   */
  named(name: string, known: KnownRuntimes): OciRuntime | undefined;
  /** `unknown` for a program that does not say. */
  version(runtime: OciRuntime): Promise<string>;
}

interface RuntimeDirectories {
  /** The runtime's own state (`--root`). */
  readonly root: string;
  /** Where one container's sockets, pid file and log are. */
  readonly container: string;
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
