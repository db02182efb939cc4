import { readFileSync, statfsSync } from 'node:fs';
import { arch, cpus, hostname, version as kernelVersion, release, totalmem } from 'node:os';
import { isRunning } from '../container/model.ts';
import { defaultSeccomp } from '../container/oci/seccomp.ts';
import { digestOf, hexOf } from '../core/digest.ts';
import { VERSION } from '../core/version.ts';
import { cgroupLayout } from '../host/cgroups.ts';
import { runtimeVersion } from '../host/oci-runtime.ts';
import { API_VERSION, MIN_API_VERSION, type VersionInfo } from '../spec/engine.ts';
import type { Engine } from './engine.ts';

const GO_ARCHITECTURE: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
const KERNEL_ARCHITECTURE: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };

export async function versionInfo(engine: Engine): Promise<VersionInfo> {
  const os = 'linux';
  const architecture = GO_ARCHITECTURE[arch()] ?? arch();
  const details = {
    ApiVersion: API_VERSION,
    Arch: architecture,
    BuildTime: '',
    Experimental: 'false',
    GitCommit: '',
    GoVersion: `node ${process.version}`,
    KernelVersion: release(),
    MinAPIVersion: MIN_API_VERSION,
    Os: os,
  };
  const { name } = engine.runtime;
  return {
    Platform: { Name: 'Barge' },
    Components: [
      { Name: 'Engine', Version: VERSION, Details: details },
      { Name: name, Version: await runtimeVersion(engine.runtime), Details: {} },
    ],
    Version: VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: '',
    GoVersion: `node ${process.version}`,
    Os: os,
    Arch: architecture,
    KernelVersion: release(),
    BuildTime: '',
  };
}

function osRelease(): { name: string; version: string } {
  const text = readFileSync('/etc/os-release', 'utf8');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { name: field('PRETTY_NAME'), version: field('VERSION_ID') };
}

function kernelSettings(): { forwarding: boolean; swap: boolean } {
  const on = (path: string) => readFileSync(path, 'utf8').trim() === '1';
  return {
    forwarding: on('/proc/sys/net/ipv4/ip_forward'),
    swap: /^SwapTotal:\s+[1-9]/m.test(readFileSync('/proc/meminfo', 'utf8')),
  };
}

/** Stays the same for a data root on a machine, in the shape of a UUID. */
function engineId(engine: Engine): string {
  const hex = hexOf(digestOf(`${hostname()} ${engine.dataRoot}`));
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** The answer of `GET /info`. */
export function systemInfo(engine: Engine): Record<string, unknown> {
  const states = engine.containers.list().map(({ state }) => state);
  const running = states.filter(({ status }) => status === 'running').length;
  const paused = states.filter(({ status }) => status === 'paused').length;
  const { name, version } = osRelease();
  const { forwarding } = kernelSettings();
  const layout = cgroupLayout();
  const filesystem = statfsSync(engine.dataRoot);
  return {
    ID: engineId(engine),
    Containers: states.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: states.filter((state) => !isRunning(state)).length,
    Images: engine.images.list().length,
    Driver: 'overlay2',
    DriverStatus: [
      ['Data Space Available', `${filesystem.bavail * filesystem.bsize}`],
      ['Native Overlay Diff', 'true'],
    ],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'none'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: forwarding,
    Debug: false,
    OomKillDisable: layout !== 'v2',
    NFd: 0,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: layout === 'v2' ? '2' : '1',
    NEventsListener: 0,
    KernelVersion: release(),
    OperatingSystem: name,
    OSVersion: version,
    OSType: 'linux',
    Architecture: KERNEL_ARCHITECTURE[arch()] ?? arch(),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
      IndexConfigs: Object.fromEntries(
        engine.registries.insecure.map((host) => [
          host,
          { Name: host, Mirrors: [], Secure: false, Official: false },
        ]),
      ),
      Mirrors: null,
    },
    NCPU: cpus().length,
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: engine.dataRoot,
    HttpProxy: process.env.HTTP_PROXY ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? '',
    NoProxy: process.env.NO_PROXY ?? '',
    Name: hostname(),
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: VERSION,
    Runtimes: { [engine.runtime.name]: { path: engine.runtime.path } },
    DefaultRuntime: engine.runtime.name,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: '',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    SecurityOptions: [
      ...(defaultSeccomp([]) ? ['name=seccomp,profile=builtin'] : []),
      ...(layout === 'v2' ? ['name=cgroupns'] : []),
    ],
    CDISpecDirs: [],
    Warnings: null,
    KernelBuild: kernelVersion(),
  };
}

/** Sizes of what the data root holds, as `system df` shows them. */
export function diskUsage(engine: Engine): Record<string, unknown> {
  const names = engine.images.allNames();
  const images = engine.images.list().map((image) => ({
    Id: image.id,
    ParentId: '',
    RepoTags: names.get(image.id)?.tags ?? [],
    RepoDigests: names.get(image.id)?.digests ?? [],
    Created: Math.floor(Date.parse(image.config.created ?? '1970-01-01') / 1000),
    Size: image.size,
    SharedSize: 0,
    Labels: image.config.config?.Labels ?? null,
    Containers: engine.containers.list().filter(({ definition }) => definition.imageId === image.id).length,
  }));
  const row = engine.db.get<{ total: number | null }>('SELECT sum(size) AS total FROM layers');
  return {
    LayersSize: row?.total ?? 0,
    Images: images,
    Containers: [],
    Volumes: [],
    BuildCache: [],
  };
}
