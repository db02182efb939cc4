import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { OciProcess, OciSeccomp } from '../api/oci-runtime.ts';
import { type OverlayMount, overlayOptions } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import {
  deleteArguments,
  execArguments,
  type OciRuntime,
  runArguments,
  runtimeLog,
} from '../host/runtimes.ts';
import type { ContainerDefaults } from './defaults.ts';
import { type ContainerDirectories, cgroupPath, containerDirectories, type Roots } from './directories.ts';
import { recordSettings } from './log/drivers.ts';
import type { ContainerDefinition } from './model.ts';
import { hostCapabilities } from './oci/capabilities.ts';
import type { DeviceEdits } from './oci/cdi.ts';
import { commandOf, ociSpec } from './oci/spec.ts';
import { type ProcessUser, readUserResponse, type UserRequest, userQuestion } from './oci/user.ts';
import { oomScore } from './oom-score.ts';
import { SeccompCache } from './seccomp-cache.ts';
import { type AttachRequest, type BelowMount, ShimLink, type ShimOptions } from './shim.ts';
import type { LogSpec, ProcessSpec } from './spec.ts';
import { type EtcFiles, prepareExecDirectory, writeEtcFiles } from './start-files.ts';
import { CREATE_ACTION, EXEC_ACTION, StartOutcomes } from './start-outcomes.ts';

/** A mount that the shim makes before the runtime does. */
export interface StagedMount extends Omit<BelowMount, 'over'> {
  /** It will be the container's /etc: the daemon's files are mounted in it. */
  readonly isEtc?: boolean;
  readonly readOnly?: boolean;
}

export interface StartInput {
  readonly definition: ContainerDefinition;
  /** The image's part of the root file system. */
  readonly rootfs: Pick<OverlayMount, 'lower' | 'layersDirectory'>;
  /** Further overlays, at directories of the host that only this container's mounts see filled. */
  readonly overlays?: readonly { readonly options: string; readonly target: string }[];
  /** Paths that are mounted at `target`, a new name in the shim's directory; links in `path` cannot leave `root`. */
  readonly below?: readonly StagedMount[];
  readonly networkNamespace?: string;
  readonly privateNetwork: boolean;
  readonly etc: EtcFiles;
  readonly sharedNamespaces: Readonly<Record<string, string>>;
  readonly attach: readonly AttachRequest[];
  readonly edits?: DeviceEdits;
  readonly appArmor?: string;
  readonly sharedShm?: string;
}

interface Description {
  readonly warnings: readonly string[];
  readonly seccomp: OciSeccomp | undefined;
}

export interface StartedProcess {
  readonly link: ShimLink;
  readonly pid: number;
  /** Streams for the requests of `attach`, in order. */
  readonly attached: readonly Socket[];
  readonly warnings: readonly string[];
}

interface ExecInput {
  readonly definition: ContainerDefinition;
  readonly execId: string;
  readonly process: OciProcess;
  readonly stdin: boolean;
  readonly consoleSize?: readonly [number, number];
  readonly attach: readonly AttachRequest[];
}

/** The parts of the host that processes are started with. */
interface RunnerHost {
  readonly processes: Pick<Host['processes'], 'startDetached'>;
  readonly processTable: Pick<Host['processTable'], 'parentOf' | 'kill' | 'canScore'>;
  readonly cgroups: Pick<
    Host['cgroups'],
    'makeHybrid' | 'oomFile' | 'refusedForks' | 'pids' | 'kill' | 'remove'
  >;
  readonly files: Pick<Host['files'], 'userBelow'>;
  readonly runtimes: Pick<Host['runtimes'], 'named'>;
}

/** Starts processes in containers: bundle, shim, runtime. Knows nothing of images, networks or the API. */
export class Runner {
  readonly roots: Roots;
  readonly #defaultRuntime: OciRuntime;
  readonly #defaults: ContainerDefaults;
  readonly #host: RunnerHost;
  readonly #outcomes: StartOutcomes;
  readonly #seccomp = new SeccompCache();
  /** Who the last container's process was. */
  #lastUser: ProcessUser = { uid: 0, gid: 0, additionalGids: [0], home: '/root' };

  constructor(roots: Roots, defaultRuntime: OciRuntime, defaults: ContainerDefaults, host: RunnerHost) {
    this.#host = host;
    this.#outcomes = new StartOutcomes(host.cgroups);
    this.roots = roots;
    this.#defaults = defaults;
    this.#defaultRuntime = defaultRuntime;
  }

  directories(id: string): ContainerDirectories {
    return containerDirectories(this.roots, id);
  }

  runtimeOf(definition: ContainerDefinition): OciRuntime {
    return this.runtimeNamed(definition.spec.runtime);
  }

  /** @throws BargeError invalid-parameter for a name that the daemon does not know. */
  runtimeNamed(name: string): OciRuntime {
    if (!name || name === this.#defaultRuntime.name) return this.#defaultRuntime;
    return this.#host.runtimes.named(name, this.#defaults.runtimes) ?? this.#defaultRuntime;
  }

  /** Makes a new container's directories. */
  async prepare(id: string): Promise<void> {
    const directories = this.directories(id);
    await mkdir(directories.data, { mode: 0o710 });
    await Promise.all([mkdir(directories.upper, { mode: 0o755 }), mkdir(directories.work, { mode: 0o711 })]);
  }

  /** @throws StartFailure when the runtime refuses, BargeError system when the shim cannot work. */
  async start(input: StartInput): Promise<StartedProcess> {
    const { definition } = input;
    const directories = this.directories(definition.id);
    const runtime = this.runtimeOf(definition);
    /* Before the cgroup is made: it would be removed with what an earlier run has left. */
    await this.clear(definition);
    prepareExecDirectory(directories);
    const runtimeDirectories = { root: directories.runtimeRoot, container: directories.exec };
    const { process, log } = definition.spec;
    const cgroup = this.#host.cgroups.makeHybrid(this.cgroupOf(definition));
    const score = this.#oomScore(process);
    const request = { user: process.user, groupAdd: process.groups };
    const options: ShimOptions = {
      directory: directories.exec,
      mount: {
        options: overlayOptions({ ...input.rootfs, upper: directories.upper, work: directories.work }),
        layersDirectory: input.rootfs.layersDirectory,
        target: directories.rootfs,
      },
      ...(input.overlays ? { overlays: input.overlays } : {}),
      ...(input.below ? { below: this.#staged(input, input.below) } : {}),
      ...(cgroup ? { cgroup } : {}),
      ...(score.value === undefined ? {} : { oomScore: score.value }),
      ownOomScore: SHIM_OOM_SCORE,
      userQuestion: userQuestion(request),
      ...(runtime.hide ? { hide: runtime.hide } : {}),
      offMount: runtime.isCrun,
      ...logOptions(directories.log, log),
      oomFile: this.#host.cgroups.oomFile(this.cgroupOf(definition)),
      tty: process.tty,
      consoleSize: [process.consoleSize.height, process.consoleSize.width],
      stdin: process.stdin,
      stdinOnce: process.stdinOnce,
      attach: input.attach,
      runtime: runArguments(runtime, runtimeDirectories, definition.id, process.tty),
      cleanup: deleteArguments(runtime, runtimeDirectories, definition.id),
    };
    const { link, attached } = await ShimLink.start(this.#host.processes, options, () =>
      this.clear(definition),
    );
    const { warnings, seccomp } = await this.#describe(input, link, request);
    const pid = await this.#outcomes.settle(
      link,
      runtimeLog(runtimeDirectories),
      commandOf(process)[0] ?? '',
      CREATE_ACTION,
    );
    if (runtime.isCrun && seccomp && !this.#seccomp.has(seccomp)) {
      this.#seccomp.learn(seccomp, join(directories.runtimeRoot, definition.id, 'seccomp.bpf'));
    }
    return { link, pid, attached, warnings: [...warnings, ...score.warnings] };
  }

  /** The shim of a container that an earlier daemon started; undefined when it has gone. */
  async reconnect(definition: ContainerDefinition): Promise<ShimLink | undefined> {
    return await ShimLink.reconnect(this.directories(definition.id).exec, () => this.clear(definition));
  }

  /**
   * Ends the processes of a container that has no shim any more, and forgets what its runtime has noted about it. Does
   * nothing for one whose shim could clean up itself.
   * @throws BargeError system when a process does not end.
   */
  async clear(definition: Pick<ContainerDefinition, 'id'> & Partial<ContainerDefinition>): Promise<void> {
    const state = join(this.directories(definition.id).runtimeRoot, definition.id);
    if (!existsSync(state)) return;
    const cgroup = cgroupPath(this.roots, definition.id, definition.spec?.limits.cgroupParent);
    await this.#host.cgroups.kill(cgroup);
    this.#host.cgroups.remove(cgroup);
    await rm(state, { recursive: true, force: true });
  }

  /** Ids of the containers that runtimes know: those that run, and those whose shim was killed. */
  async known(): Promise<string[]> {
    return await readdir(join(this.roots.execRoot, 'runtime')).catch(() => []);
  }

  /** With the daemon's files for what becomes /etc, which the shim mounts at once: they are written before. */
  #staged({ definition, etc }: StartInput, staged: readonly StagedMount[]): BelowMount[] {
    if (!staged.some(({ isEtc }) => isEtc)) return [...staged];
    const directories = this.directories(definition.id);
    if (!('from' in etc)) writeEtcFiles(directories, etc);
    const { hostname, hosts, resolvConf } = 'from' in etc ? this.directories(etc.from) : directories;
    const files = { hostname, hosts, 'resolv.conf': resolvConf };
    return staged.map(({ isEtc, readOnly = false, ...mount }) => ({
      ...mount,
      ...(isEtc ? { over: Object.entries(files).map(([name, file]) => ({ file, name, readOnly })) } : {}),
    }));
  }

  cgroupOf(definition: ContainerDefinition): string {
    return cgroupPath(this.roots, definition.id, definition.spec.limits.cgroupParent);
  }

  /** Writes the runtime's description once the shim has said who the process is, and lets the shim go on. */
  async #describe(input: StartInput, link: ShimLink, request: UserRequest): Promise<Description> {
    const patience = setTimeout(() => void link.abandon(), LOOK_UP_TIMEOUT_MS);
    try {
      /* While the shim mounts: most starts are somebody's who has been started before. */
      const written = input.below?.some(({ isEtc }) => isEtc);
      if (!('from' in input.etc) && !written) writeEtcFiles(this.directories(input.definition.id), input.etc);
      const guess = this.#lastUser;
      const guessed = this.#writeBundle(input, guess);
      const response = await link.user;
      if (response === '') return guessed; /* the shim has failed: `#settle` tells why */
      const user = readUserResponse(response, request);
      const description = isDeepStrictEqual(user, guess) ? guessed : this.#writeBundle(input, user);
      this.#lastUser = user;
      link.go();
      return description;
    } catch (error) {
      await link.abandon();
      throw error;
    } finally {
      clearTimeout(patience);
    }
  }

  /** Synchronous: a small write to tmpfs is quicker without turns of the event loop. */
  #writeBundle(input: StartInput, user: ProcessUser): Description {
    const { definition, etc } = input;
    const directories = this.directories(definition.id);
    const runtime = this.runtimeOf(definition);
    const { spec, warnings } = ociSpec({
      definition,
      rootfs: directories.rootfs,
      user,
      files: 'from' in etc ? this.directories(etc.from) : directories,
      cgroupPath: this.cgroupOf(definition),
      ...(input.networkNamespace ? { networkNamespace: input.networkNamespace } : {}),
      privateNetwork: input.privateNetwork,
      sharedNamespaces: input.sharedNamespaces,
      cgroupNamespace: definition.spec.namespaces.cgroup.kind === 'private',
      defaults: this.#defaults,
      ...(input.edits ? { edits: input.edits } : {}),
      ...(input.appArmor ? { appArmor: input.appArmor } : {}),
      ...(input.sharedShm ? { sharedShm: input.sharedShm } : {}),
    });
    const described = runtime.isCrun ? this.#seccomp.apply(spec) : spec;
    writeFileSync(join(directories.exec, 'config.json'), JSON.stringify(described));
    return { warnings, seccomp: spec.linux.seccomp };
  }

  /**
   * Who somebody is in a running container. Its shim looks it up, in the mount that it made of the container's root: the
   * daemon itself opens nothing that the container could have changed.
   * @throws BargeError invalid-parameter for a name that the container does not know.
   */
  async userIn(id: string, link: ShimLink, request: UserRequest): Promise<ProcessUser> {
    const question = userQuestion(request);
    const shim = link.knowsUsers ? undefined : this.#host.processTable.parentOf(link.pid);
    const response =
      shim === undefined
        ? await link.lookUpUser(question)
        : await this.#host.files.userBelow(`/proc/${shim}/root${this.directories(id).rootfs}`, question);
    return readUserResponse(response, request);
  }

  execDirectory(id: string, execId: string): string {
    return join(this.directories(id).exec, 'e', execId.slice(0, 12));
  }

  /** Starts a further process in a running container, under a shim of its own. */
  async exec(input: ExecInput): Promise<StartedProcess> {
    const { definition, execId, process } = input;
    const directory = this.execDirectory(definition.id, execId);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const processFile = join(directory, 'process.json');
    await writeFile(processFile, JSON.stringify(withSize(process, input.consoleSize)));
    const runtime = this.runtimeOf(definition);
    const runtimeDirectories = { root: this.directories(definition.id).runtimeRoot, container: directory };
    const tty = Boolean(process.terminal);
    const cgroup = this.#host.cgroups.makeHybrid(this.cgroupOf(definition));
    const { value: score } = this.#oomScore(definition.spec.process);
    const options: ShimOptions = {
      directory,
      ...(cgroup ? { cgroup } : {}),
      ...(score === undefined ? {} : { oomScore: score }),
      ownOomScore: SHIM_OOM_SCORE,
      ...(runtime.hide ? { hide: runtime.hide } : {}),
      offMount: runtime.isCrun,
      tty,
      ...(input.consoleSize ? { consoleSize: input.consoleSize } : {}),
      stdin: input.stdin,
      stdinOnce: true,
      attach: input.attach,
      runtime: execArguments(runtime, runtimeDirectories, definition.id, tty, processFile),
    };
    const { link, attached } = await ShimLink.start(this.#host.processes, options, async (exit) => {
      if (!exit) await this.#killOrphan(directory, this.cgroupOf(definition));
    });
    link.gone.then(() => rm(directory, { recursive: true, force: true }));
    const pid = await this.#outcomes.settle(
      link,
      runtimeLog(runtimeDirectories),
      process.args[0] ?? '',
      EXEC_ACTION,
    );
    return { link, pid, attached, warnings: [] };
  }

  #oomScore(process: ProcessSpec) {
    const can = (value: number) =>
      hostCapabilities().has('CAP_SYS_RESOURCE') || this.#host.processTable.canScore(value);
    return oomScore(process, can);
  }

  /** Kills the process of a session whose shim has died, unless it is not in the container's cgroup any more. */
  async #killOrphan(directory: string, cgroup: string): Promise<void> {
    const pid = Number(await readFile(join(directory, 'pid'), 'utf8').catch(() => ''));
    if (this.#host.cgroups.pids(cgroup).includes(pid)) this.#host.processTable.kill(pid);
  }
}

/** The kernel kills a shim for want of memory only when nothing else is left: with it, the exit code would be lost. */
const SHIM_OOM_SCORE = -998;

/** Milliseconds until a start is given up whose shim does not say who the process is. */
const LOOK_UP_TIMEOUT_MS = 15_000;

/** The runtime sets the terminal's size before the process can look at it; the shim alone might be late. */
function withSize(process: OciProcess, size: ExecInput['consoleSize']): OciProcess {
  if (!process.terminal || !size) return process;
  const [height, width] = size;
  return { ...process, consoleSize: { height, width } };
}

/** Every driver but `none` has the record on disk, bounded unless asked otherwise. */
function logOptions(path: string, log: LogSpec): Pick<ShimOptions, 'log'> {
  const settings = recordSettings(log);
  return settings ? { log: { path, maxSize: settings.maxSize, maxFiles: settings.maxFiles } } : {};
}
