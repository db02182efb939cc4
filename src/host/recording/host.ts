import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { systemError } from '../../core/errors.ts';
import type { AppArmor } from '../apparmor.ts';
import type { CgroupFeatures } from '../cgroup-features.ts';
import type { Cgroups } from '../cgroups.ts';
import type { Datagrams } from '../datagrams.ts';
import type { Files } from '../files.ts';
import type { Clock, Host, Mounts } from '../host.ts';
import type { Links, Namespaces, Nftables, Sysctls } from '../networking.ts';
import type { Ownership } from '../ownership.ts';
import type { Processes, ProcessResult, ProcessTable } from '../process.ts';
import type { OciRuntime, Runtimes } from '../runtimes.ts';

/** `part.method`, and the arguments of one call. */
type Call = readonly [name: string, ...args: unknown[]];

type Handler = (...args: never[]) => unknown;

/**
 * A host that does nothing, for unit tests: it records every call in its order, and answers with what the test scripted, or
 * else as an idle host would.
 */
export class RecordingHost implements Host {
  readonly calls: Call[] = [];
  readonly #scripts = new Map<string, Handler>();
  #now = 0;

  /** From now on, `handler` answers the calls of this name; it may throw. */
  on(name: string, handler: Handler): this {
    this.#scripts.set(name, handler);
    return this;
  }

  /** The recorded calls whose names begin with `prefix`. */
  callsOf(prefix: string): Call[] {
    return this.calls.filter(([name]) => name.startsWith(prefix));
  }

  /** Returns the recorded calls and begins anew. */
  take(): Call[] {
    return this.calls.splice(0);
  }

  #call<T>(name: string, args: readonly unknown[], otherwise: () => T): T {
    this.calls.push([name, ...args]);
    const script = this.#scripts.get(name);
    return script ? (script(...(args as never[])) as T) : otherwise();
  }

  /** A method that records, and answers with `otherwise` where no script does. */
  #method<Args extends readonly unknown[], T>(name: string, otherwise: (...args: Args) => T) {
    return (...args: Args): T => this.#call(name, args, () => otherwise(...args));
  }

  #void<Args extends readonly unknown[]>(name: string) {
    return this.#method<Args, Promise<void>>(name, async () => {});
  }

  readonly processes: Processes = {
    capture: this.#method('processes.capture', async (program: string, args: readonly string[]) =>
      succeeded(program, args),
    ),
    run: this.#method('processes.run', async () => ''),
    pipe: this.#method('processes.pipe', () => {
      throw systemError('no script for processes.pipe');
    }),
    startDetached: this.#method('processes.startDetached', async (): Promise<readonly Socket[]> => {
      throw systemError('no script for processes.startDetached');
    }),
  };

  readonly processTable: ProcessTable = {
    parentOf: this.#method('processTable.parentOf', () => undefined),
    isEnding: this.#method('processTable.isEnding', () => false),
    isDeafTo: this.#method('processTable.isDeafTo', () => false),
    kill: this.#method('processTable.kill', () => {}),
    canScore: this.#method('processTable.canScore', () => true),
  };

  readonly cgroups: Cgroups = {
    layout: 'v2',
    features: this.#method('cgroups.features', () => EVERYTHING),
    makeHybrid: this.#method('cgroups.makeHybrid', () => undefined),
    oomFile: this.#method('cgroups.oomFile', (path: string) => `/cgroup${path}/memory.events`),
    warmLock: this.#method('cgroups.warmLock', () => {}),
    refusedForks: this.#method('cgroups.refusedForks', () => 0),
    pids: this.#method('cgroups.pids', () => []),
    freeze: this.#method('cgroups.freeze', () => true),
    isFrozen: this.#method('cgroups.isFrozen', () => false),
    children: this.#method('cgroups.children', () => []),
    remove: this.#method('cgroups.remove', () => {}),
    kill: this.#void('cgroups.kill'),
    applyLimits: this.#method('cgroups.applyLimits', () => {}),
    usage: this.#method('cgroups.usage', () => undefined),
    systemCpuTime: this.#method('cgroups.systemCpuTime', () => 0),
    networkCounters: this.#method('cgroups.networkCounters', () => ({})),
  };

  readonly files: Files = {
    unpackTar: this.#void('files.unpackTar'),
    packTar: this.#method('files.packTar', () => Readable.from([])),
    attributesBelow: this.#method('files.attributesBelow', async () => new Map()),
    statBelow: this.#method('files.statBelow', async () => ({
      mode: 0o040755,
      size: 0,
      mtime: 0n,
      linkTarget: '',
    })),
    resolveBelow: this.#method('files.resolveBelow', async (_: unknown, path: string) => path),
    directorySize: this.#method('files.directorySize', async () => 0),
    userBelow: this.#method('files.userBelow', async () => 'found 0 0 0 =/root\n'),
    isEmptyBelow: this.#method('files.isEmptyBelow', async () => true),
    changeLines: this.#void('files.changeLines'),
    limitDirectory: this.#void('files.limitDirectory'),
    holdMount: this.#method('files.holdMount', async (path: string) => ({
      path,
      [Symbol.asyncDispose]: this.#void('files.holdMount.end'),
    })),
    removeTree: this.#void('files.removeTree'),
  };

  readonly mounts: Mounts = {
    mountDevice: this.#method('mounts.mountDevice', async () => undefined),
    mountTmpfs: this.#void('mounts.mountTmpfs'),
    share: this.#void('mounts.share'),
    unmount: this.#void('mounts.unmount'),
  };

  readonly namespaces: Namespaces = {
    open: this.#method('namespaces.open', async () => {
      throw systemError('no script for namespaces.open');
    }),
    forgetUdpFlows: this.#void('namespaces.forgetUdpFlows'),
    carryOut: this.#void('namespaces.carryOut'),
    forget: this.#void('namespaces.forget'),
    names: this.#method('namespaces.names', async () => []),
    interfaces: this.#method('namespaces.interfaces', async () => ['lo']),
    writeSysctls: this.#void('namespaces.writeSysctls'),
    [Symbol.dispose]: this.#method('namespaces.dispose', () => {}),
  };

  readonly links: Links = {
    exists: this.#method('links.exists', async () => false),
    isBridge: this.#method('links.isBridge', async () => false),
    batch: this.#void('links.batch'),
    add: this.#void('links.add'),
    remove: this.#method('links.remove', async () => undefined),
    addresses: this.#method('links.addresses', async () => []),
    routes: this.#method('links.routes', async () => []),
  };

  readonly nftables: Nftables = {
    apply: this.#void('nftables.apply'),
    deleteTable: this.#void('nftables.deleteTable'),
    listTable: this.#method('nftables.listTable', async () => ''),
    listChain: this.#method('nftables.listChain', async () => ''),
    droppingChains: this.#method('nftables.droppingChains', async () => []),
    session: this.#method('nftables.session', () => ({
      run: this.#void('nftables.session.run'),
      warm: this.#void('nftables.session.warm'),
      [Symbol.dispose]: this.#method('nftables.session.dispose', () => {}),
    })),
  };

  readonly sysctls: Sysctls = {
    write: this.#void('sysctls.write'),
    forwardIPv6: this.#void('sysctls.forwardIPv6'),
  };

  readonly ownership: Ownership = {
    makePrivate: this.#method('ownership.makePrivate', () => {}),
    lockDirectory: this.#method('ownership.lockDirectory', () => ({
      close: this.#method('ownership.lockDirectory.close', () => {}),
    })),
  };

  readonly appArmor: AppArmor = {
    enabled: false,
    assertProfile: this.#void('appArmor.assertProfile'),
  };

  readonly runtimes: Runtimes = {
    find: this.#method('runtimes.find', runtimeNamed),
    byDefault: this.#method('runtimes.byDefault', () => runtimeNamed('crun')),
    named: this.#method('runtimes.named', runtimeNamed),
    version: this.#method('runtimes.version', async () => '1.0'),
  };

  readonly datagrams: Datagrams = {
    open: this.#method('datagrams.open', async () => ({
      send: this.#void('datagrams.send'),
      [Symbol.asyncDispose]: this.#void('datagrams.close'),
    })),
  };

  readonly compression = { gzip: undefined };

  /** Time passes only while somebody sleeps. */
  readonly clock: Clock = {
    now: () => this.#now,
    sleep: this.#method('clock.sleep', async (milliseconds: number) => {
      this.#now += milliseconds;
    }),
  };
}

const runtimeNamed = (name: string): OciRuntime => ({
  name,
  path: `/usr/bin/${name}`,
  isCrun: name === 'crun',
});

function succeeded(program: string, args: readonly string[]): ProcessResult {
  return {
    command: [program, ...args].join(' '),
    exitCode: 0,
    signal: undefined,
    duration: 0,
    timedOut: false,
    cancelled: false,
    stdout: '',
    stderr: '',
  };
}

/** A host that enforces every limit. */
const EVERYTHING: CgroupFeatures = {
  memory: true,
  memorySwap: true,
  memoryReservation: true,
  swappiness: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuRealtime: true,
  cpuset: true,
  pids: true,
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
  cpus: '0-3',
  mems: '0',
};
