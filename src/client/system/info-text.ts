import { formatBinaryBytes } from '../../core/units.ts';

/** Members of `GET /info` that are shown; the daemon may send more and may omit any. */
export interface SystemInfo {
  readonly Containers?: number;
  readonly ContainersRunning?: number;
  readonly ContainersPaused?: number;
  readonly ContainersStopped?: number;
  readonly Images?: number;
  readonly ServerVersion?: string;
  readonly Driver?: string;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly LoggingDriver?: string;
  readonly CgroupDriver?: string;
  readonly CgroupVersion?: string;
  readonly Plugins?: Readonly<Record<string, readonly string[] | null>>;
  readonly Swarm?: { readonly LocalNodeState?: string };
  readonly Runtimes?: Readonly<Record<string, unknown>>;
  readonly DefaultRuntime?: string;
  readonly InitBinary?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly KernelVersion?: string;
  readonly OperatingSystem?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly NCPU?: number;
  /** Bytes. */
  readonly MemTotal?: number;
  readonly Name?: string;
  readonly ID?: string;
  readonly DockerRootDir?: string;
  readonly Debug?: boolean;
  readonly ExperimentalBuild?: boolean;
  readonly RegistryConfig?: { readonly InsecureRegistryCIDRs?: readonly string[] | null } | null;
  readonly Labels?: readonly string[] | null;
  readonly LiveRestoreEnabled?: boolean;
  readonly Warnings?: readonly string[] | null;
}

/** The server's part of `barge info`, in docker's layout. */
export function infoText(info: SystemInfo): string {
  const lines: string[] = [];
  const line = (heading: string, value: unknown, depth = 1) => {
    if (value !== undefined && value !== '') lines.push(`${' '.repeat(depth)}${heading}: ${value}`);
  };
  const items = (heading: string, values: readonly string[]) => {
    if (values.length > 0) lines.push(` ${heading}:`, ...values.map((value) => `  ${value}`));
  };
  line('Containers', info.Containers);
  line('Running', info.ContainersRunning, 2);
  line('Paused', info.ContainersPaused, 2);
  line('Stopped', info.ContainersStopped, 2);
  line('Images', info.Images);
  line('Server Version', info.ServerVersion);
  line('Storage Driver', info.Driver);
  for (const [heading, value] of info.DriverStatus ?? []) line(heading, value, 2);
  line('Logging Driver', info.LoggingDriver);
  line('Cgroup Driver', info.CgroupDriver);
  line('Cgroup Version', info.CgroupVersion);
  const plugins = Object.entries(info.Plugins ?? {}).filter(([, names]) => (names ?? []).length > 0);
  items(
    'Plugins',
    plugins.map(([kind, names]) => `${kind}: ${(names ?? []).join(' ')}`),
  );
  line('Swarm', info.Swarm?.LocalNodeState);
  line('Runtimes', Object.keys(info.Runtimes ?? {}).join(' '));
  line('Default Runtime', info.DefaultRuntime);
  line('Init Binary', info.InitBinary);
  items('Security Options', (info.SecurityOptions ?? []).flatMap(securityLines));
  line('Kernel Version', info.KernelVersion);
  line('Operating System', info.OperatingSystem);
  line('OSType', info.OSType);
  line('Architecture', info.Architecture);
  line('CPUs', info.NCPU);
  line('Total Memory', info.MemTotal === undefined ? undefined : formatBinaryBytes(info.MemTotal));
  line('Name', info.Name);
  line('ID', info.ID);
  line('Docker Root Dir', info.DockerRootDir);
  line('Debug Mode', info.Debug ?? false);
  line('Experimental', info.ExperimentalBuild ?? false);
  items('Insecure Registries', [...(info.RegistryConfig?.InsecureRegistryCIDRs ?? [])]);
  items('Labels', [...(info.Labels ?? [])]);
  line('Live Restore Enabled', info.LiveRestoreEnabled);
  return `${lines.join('\n')}\n`;
}

/** `name=seccomp,profile=builtin` → `seccomp` and its members below. */
function securityLines(option: string): string[] {
  const [first = '', ...rest] = option.split(',').map((part) => part.split('='));
  const name = first[0] === 'name' ? (first[1] ?? '') : (first[0] ?? '');
  return [
    name,
    ...rest.map(([key = '', value = '']) => ` ${key[0]?.toUpperCase() ?? ''}${key.slice(1)}: ${value}`),
  ];
}
