import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { invalidParameter, notFound, systemError } from '../../core/errors.ts';
import type { Cgroups } from '../cgroups.ts';
import type { Processes } from '../process.ts';
import type { KnownRuntimes, OciRuntime, Runtimes } from '../runtimes.ts';
import { CGROUP_ROOT } from './cgroup-root.ts';
import { searchPath } from './search-path.ts';

const BUILT_IN: Readonly<Record<string, string>> = {
  crun: 'crun',
  runc: 'runc',
  'io.containerd.runc.v2': 'runc',
};

export class LinuxRuntimes implements Runtimes {
  readonly #processes: Pick<Processes, 'capture'>;
  readonly #cgroups: Pick<Cgroups, 'layout'>;
  readonly #versions = new Map<string, Promise<string>>();

  constructor(processes: Pick<Processes, 'capture'>, cgroups: Pick<Cgroups, 'layout'>) {
    this.#processes = processes;
    this.#cgroups = cgroups;
  }

  find(name: string): OciRuntime {
    const path = isAbsolute(name) ? name : searchPath(name);
    if (!path || !existsSync(path))
      throw notFound(`unknown or invalid runtime name: ${name}: no such program on the PATH`);
    const isCrun = /crun$/.test(path);
    const hide = isCrun ? this.#confusingMount() : undefined;
    return { name, path, isCrun, ...(hide ? { hide } : {}) };
  }

  #confusingMount(): string | undefined {
    if (this.#cgroups.layout !== 'hybrid') return undefined;
    const mount = join(CGROUP_ROOT, 'unified');
    return readFileSync(join(mount, 'cgroup.controllers'), 'utf8').trim() ? mount : undefined;
  }

  named(name: string, known: KnownRuntimes): OciRuntime | undefined {
    const setting = Object.hasOwn(known, name) ? known[name] : undefined;
    const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
    const program = setting?.path ?? builtIn;
    if (!program) throw invalidParameter(`unknown or invalid runtime name: ${name}`);
    if (!setting && !searchPath(program)) return undefined;
    const { name: _, ...runtime } = this.find(program);
    return { name, ...runtime, ...(setting?.runtimeArgs ? { args: setting.runtimeArgs } : {}) };
  }

  byDefault(): OciRuntime {
    const name = ['crun', 'runc'].find((candidate) => searchPath(candidate));
    if (!name) throw systemError('no OCI runtime is installed: install crun or runc (npm run setup does)');
    return this.find(name);
  }

  /** Asks each program once, and again after a failure. */
  async version({ path }: OciRuntime): Promise<string> {
    const known = this.#versions.get(path) ?? this.#askVersion(path);
    this.#versions.set(path, known);
    known.catch(() => this.#versions.delete(path));
    return await known;
  }

  async #askVersion(path: string): Promise<string> {
    const { stdout } = await this.#processes.capture(path, ['--version']);
    return /version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
  }
}
