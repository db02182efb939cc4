import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { arch, cpus, hostname, version as kernelVersion, release, totalmem } from 'node:os';
import { isRunning } from '../container/model.ts';
import { defaultSeccomp } from '../container/oci/seccomp.ts';
import { digestOf, hexOf } from '../core/digest.ts';
import { VERSION } from '../core/version.ts';
import { cgroupLayout } from '../host/cgroups.ts';
import type { Engine } from './engine.ts';
import { knownRuntimeVersion } from './version.ts';

const KERNEL_ARCHITECTURE: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };

function osRelease(): { name: string; version: string } {
  const text = readFileSync('/etc/os-release', 'utf8');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { name: field('PRETTY_NAME'), version: field('VERSION_ID') };
}

/** Stays the same for a data root on a machine, in the shape of a UUID. */
function engineId(engine: Engine): string {
  const hex = hexOf(digestOf(`${hostname()} ${engine.dataRoot}`));
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** The answer of `GET /info`. */
export async function systemInfo(engine: Engine): Promise<Record<string, unknown>> {
  return {
    ID: engineId(engine),
    ...counts(engine),
    ...storage(engine),
    ...kernelLimits(),
    ...host(),
    ...daemonState(engine),
    ...registries(engine),
    ...(await runtimes(engine)),
    ...NOT_HERE,
  };
}

/** Parts of Docker that Barge does not have, as a Docker without them shows it. */
const NOT_HERE = {
  Swarm: {
    NodeID: '',
    NodeAddr: '',
    LocalNodeState: 'inactive',
    ControlAvailable: false,
    Error: '',
    RemoteManagers: null,
  },
  GenericResources: null,
  ExperimentalBuild: false,
  Isolation: '',
  ContainerdCommit: { ID: '' },
  CDISpecDirs: [],
};

function counts(engine: Engine) {
  const states = engine.containers.list().map(({ state }) => state);
  return {
    Containers: states.length,
    ContainersRunning: states.filter(({ status }) => status === 'running').length,
    ContainersPaused: states.filter(({ status }) => status === 'paused').length,
    ContainersStopped: states.filter((state) => !isRunning(state)).length,
    Images: engine.images.list().length,
  };
}

function storage(engine: Engine) {
  const { bavail, bsize } = statfsSync(engine.dataRoot);
  return {
    Driver: 'overlay2',
    DriverStatus: [
      ['Data Space Available', `${bavail * bsize}`],
      ['Native Overlay Diff', 'true'],
    ],
    DockerRootDir: engine.dataRoot,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
  };
}

/** What the kernel can limit. */
function kernelLimits() {
  const layout = cgroupLayout();
  return {
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    OomKillDisable: layout !== 'v2',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: layout === 'v2' ? '2' : '1',
    IPv4Forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1',
    SecurityOptions: [
      ...(defaultSeccomp([]) ? ['name=seccomp,profile=builtin'] : []),
      ...(layout === 'v2' ? ['name=cgroupns'] : []),
    ],
    Warnings: null,
  };
}

function host() {
  const { name, version } = osRelease();
  return {
    KernelVersion: release(),
    KernelBuild: kernelVersion(),
    OperatingSystem: name,
    OSVersion: version,
    OSType: 'linux',
    Architecture: KERNEL_ARCHITECTURE[arch()] ?? arch(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Name: hostname(),
  };
}

function daemonState(engine: Engine) {
  return {
    Debug: false,
    NFd: readdirSync('/proc/self/fd').length,
    NGoroutines: 0,
    NEventsListener: engine.events.listeners,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    Labels: [],
    ServerVersion: VERSION,
    LiveRestoreEnabled: true,
    HttpProxy: process.env.HTTP_PROXY ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? '',
    NoProxy: process.env.NO_PROXY ?? '',
  };
}

function registries(engine: Engine) {
  const insecure = engine.registries.insecure.map(
    (name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }] as const,
  );
  const hub = { Name: 'docker.io', Mirrors: [], Secure: true, Official: true };
  return {
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
      IndexConfigs: { 'docker.io': hub, ...Object.fromEntries(insecure) },
      Mirrors: [],
    },
  };
}

async function runtimes({ runtime }: Engine) {
  return {
    Runtimes: { [runtime.name]: { path: runtime.path } },
    DefaultRuntime: runtime.name,
    RuncCommit: { ID: await knownRuntimeVersion(runtime) },
    InitBinary: 'barge-init',
    InitCommit: { ID: VERSION },
  };
}
