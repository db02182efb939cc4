import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { arch, cpus, hostname, version as kernelVersion, release, totalmem } from 'node:os';
import { isRunning } from '../container/life/state.ts';
import { LOG_DRIVERS } from '../container/log/drivers.ts';
import type { ContainerStore } from '../container/store.ts';
import { digestOf, hexOf } from '../core/digest.ts';
import { ENGINE_VERSION, VERSION } from '../core/version.ts';
import type { CgroupFeatures } from '../host/cgroup-features.ts';
import type { ImageStore } from '../image/images.ts';
import { DEFAULT_SETTINGS } from '../network/settings.ts';
import type { Engine } from './engine.ts';
import type { EventBus } from './events.ts';
import type { EngineSettings } from './settings.ts';

interface CountsContext {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly images: Pick<ImageStore, 'ids'>;
}

interface DaemonStateContext {
  readonly events: Pick<EventBus, 'listeners'>;
  readonly settings: EngineSettings;
}

type InfoContext = CountsContext &
  DaemonStateContext &
  Pick<Engine, 'dataRoot' | 'host' | 'options' | 'runtime' | 'settings'>;

const KERNEL_ARCHITECTURE: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };

function osRelease(): { name: string; version: string } {
  const text = readFileSync('/etc/os-release', 'utf8');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { name: field('PRETTY_NAME'), version: field('VERSION_ID') };
}

/** Stays the same for a data root on a machine, in the shape of a UUID. */
export function engineId(ctx: Pick<Engine, 'dataRoot'>): string {
  const hex = hexOf(digestOf(`${hostname()} ${ctx.dataRoot}`));
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** The response of `GET /info`. */
export async function systemInfo(ctx: InfoContext): Promise<Record<string, unknown>> {
  return {
    ID: engineId(ctx),
    ...counts(ctx),
    ...storage(ctx),
    ...kernelLimits(ctx),
    ...host(),
    ...daemonState(ctx),
    ...registries(ctx),
    ...firewallBackend(ctx),
    ...(await runtimes(ctx)),
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

function counts(ctx: CountsContext) {
  const states = ctx.containers.list().map(({ state }) => state);
  return {
    Containers: states.length,
    ContainersRunning: states.filter(({ status }) => status === 'running').length,
    ContainersPaused: states.filter(({ status }) => status === 'paused').length,
    ContainersStopped: states.filter((state) => !isRunning(state)).length,
    Images: ctx.images.ids().length,
  };
}

function storage(ctx: Pick<Engine, 'dataRoot'>) {
  const { bavail, bsize } = statfsSync(ctx.dataRoot);
  return {
    Driver: 'overlay2',
    DriverStatus: [
      ['Data Space Available', `${bavail * bsize}`],
      ['Native Overlay Diff', 'true'],
    ],
    DockerRootDir: ctx.dataRoot,
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

function daemonState(ctx: DaemonStateContext) {
  return {
    Debug: ctx.settings.debug,
    NFd: readdirSync('/proc/self/fd').length,
    /* What Node has under way is the nearest that there is. */
    NGoroutines: process.getActiveResourcesInfo().length,
    NEventsListener: ctx.events.listeners,
    SystemTime: new Date().toISOString(),
    LoggingDriver: ctx.settings.defaults.logDriver,
    Labels: ctx.settings.labels,
    ExperimentalBuild: ctx.settings.experimental,
    CDISpecDirs: ctx.settings.defaults.cdiDirectories,
    ServerVersion: ENGINE_VERSION,
    LiveRestoreEnabled: true,
    HttpProxy: process.env.HTTP_PROXY ?? '',
    HttpsProxy: process.env.HTTPS_PROXY ?? '',
    NoProxy: process.env.NO_PROXY ?? '',
  };
}

/** A block of addresses, not a registry's name. */
const isBlock = (name: string) => /^[\da-fA-F.:]+\/\d+$/.test(name);

function registries(ctx: Pick<Engine, 'settings'>) {
  const { mirrors, insecureRegistries } = ctx.settings;
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
function firewallBackend({ options }: Pick<Engine, 'options'>) {
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
