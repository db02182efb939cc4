import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { arch, cpus, hostname, version as kernelVersion, release, totalmem } from 'node:os';
import { isRunning } from '../container/life/state.ts';
import { LOG_DRIVERS } from '../container/log/drivers.ts';
import { digestOf, hexOf } from '../core/digest.ts';
import { ENGINE_VERSION, VERSION } from '../core/version.ts';
import type { CgroupFeatures } from '../host/cgroup-features.ts';
import { DEFAULT_SETTINGS } from '../network/settings.ts';
import type { Engine } from './engine.ts';

const KERNEL_ARCHITECTURE: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };

function osRelease(): { name: string; version: string } {
  const text = readFileSync('/etc/os-release', 'utf8');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { name: field('PRETTY_NAME'), version: field('VERSION_ID') };
}

/** Tells that settings were read again, as an event of the daemon with what they are now. */
export function noteReload(engine: Engine): void {
  const { settings } = engine;
  engine.events.emit('daemon', 'reload', engineId(engine), {
    name: hostname(),
    debug: `${settings.debug}`,
    labels: JSON.stringify(settings.labels),
    'insecure-registries': JSON.stringify(settings.insecureRegistries),
    'registry-mirrors': JSON.stringify(settings.mirrors),
    'max-concurrent-downloads': `${settings.maxConcurrentDownloads}`,
    'max-concurrent-uploads': `${settings.maxConcurrentUploads}`,
    'max-download-attempts': `${settings.maxDownloadAttempts}`,
    'default-runtime': engine.runtime.name,
    runtimes: Object.keys(settings.defaults.runtimes).join(' '),
    'live-restore': 'true',
  });
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
    ...kernelLimits(engine),
    ...host(),
    ...daemonState(engine),
    ...registries(engine),
    ...firewallBackend(engine),
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
  Isolation: '',
  ContainerdCommit: { ID: '' },
};

function counts(engine: Engine) {
  const states = engine.containers.list().map(({ state }) => state);
  return {
    Containers: states.length,
    ContainersRunning: states.filter(({ status }) => status === 'running').length,
    ContainersPaused: states.filter(({ status }) => status === 'paused').length,
    ContainersStopped: states.filter((state) => !isRunning(state)).length,
    Images: engine.images.ids().length,
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
      Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
      Authorization: null,
      Log: LOG_DRIVERS,
    },
  };
}

/** What the kernel can limit. */
function kernelLimits({ host, options, settings }: Pick<Engine, 'host' | 'options' | 'settings'>) {
  const { layout } = host.cgroups;
  const features = host.cgroups.features(options.cgroupParent);
  const { noNewPrivileges, seccomp } = settings.defaults;
  const profile = seccomp ? (seccomp === 'unconfined' ? 'unconfined' : 'custom') : 'builtin';
  return {
    MemoryLimit: features.memory,
    SwapLimit: features.memorySwap,
    CpuCfsPeriod: features.cpuCfs,
    CpuCfsQuota: features.cpuCfs,
    CPUShares: features.cpuShares,
    CPUSet: features.cpuset,
    PidsLimit: features.pids,
    OomKillDisable: features.oomKillDisable,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: layout === 'v2' ? '2' : '1',
    IPv4Forwarding: isForwarding(),
    SecurityOptions: [
      ...(host.appArmor.enabled ? ['name=apparmor'] : []),
      `name=seccomp,profile=${profile}`,
      ...(layout === 'v2' ? ['name=cgroupns'] : []),
      ...(noNewPrivileges ? ['name=no-new-privileges'] : []),
    ],
    Warnings: warningsOf(features),
  };
}

const isForwarding = () => readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1';

/** The lines at the end of `docker info`. */
function warningsOf(features: CgroupFeatures): string[] | null {
  const lacks: [boolean, string][] = [
    [features.memory, 'No memory limit support'],
    [features.memorySwap, 'No swap limit support'],
    [features.cpuCfs, 'No cpu cfs quota support'],
    [features.cpuShares, 'No cpu shares support'],
    [features.cpuset, 'No cpuset support'],
    [isForwarding(), 'IPv4 forwarding is disabled'],
  ];
  const warnings = lacks.filter(([has]) => !has).map(([, text]) => `WARNING: ${text}`);
  return warnings.length > 0 ? warnings : null;
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
    Debug: engine.settings.debug,
    NFd: readdirSync('/proc/self/fd').length,
    /* What Node has under way is the nearest that there is. */
    NGoroutines: process.getActiveResourcesInfo().length,
    NEventsListener: engine.events.listeners,
    SystemTime: new Date().toISOString(),
    LoggingDriver: engine.settings.defaults.logDriver,
    Labels: engine.settings.labels,
    ExperimentalBuild: engine.settings.experimental,
    CDISpecDirs: engine.settings.defaults.cdiDirectories,
    ServerVersion: ENGINE_VERSION,
    LiveRestoreEnabled: true,
    HttpProxy: process.env.HTTP_PROXY ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? '',
    NoProxy: process.env.NO_PROXY ?? '',
  };
}

/** A block of addresses, not a registry's name. */
const isBlock = (name: string) => /^[\da-fA-F.:]+\/\d+$/.test(name);

function registries(engine: Engine) {
  const { mirrors, insecureRegistries } = engine.settings;
  const insecure = insecureRegistries
    .filter((name) => !isBlock(name))
    .map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }] as const);
  const shown = mirrors.map((mirror) => `${mirror}/`);
  const hub = { Name: 'docker.io', Mirrors: shown, Secure: true, Official: true };
  return {
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...insecureRegistries.filter(isBlock)],
      IndexConfigs: { 'docker.io': hub, ...Object.fromEntries(insecure) },
      Mirrors: shown,
    },
  };
}

/** Rules are nftables', unless the daemon was told to write none. */
function firewallBackend({ options }: Engine) {
  const { ipv4, ipv6 } = options.network?.rules ?? DEFAULT_SETTINGS.rules;
  return { FirewallBackend: { Driver: ipv4 || ipv6 ? 'nftables' : 'none', Info: [] } };
}

async function runtimes({ host, runtime, settings }: Pick<Engine, 'host' | 'runtime' | 'settings'>) {
  return {
    Runtimes: { ...settings.defaults.runtimes, [runtime.name]: { path: runtime.path } },
    DefaultRuntime: runtime.name,
    RuncCommit: { ID: await host.runtimes.version(runtime) },
    InitBinary: 'barge-init',
    InitCommit: { ID: VERSION },
  };
}
