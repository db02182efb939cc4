import { SIGNALS } from '../containers/stop-flags.ts';
import type { Flag, FlagType } from '../flag-types.ts';
import type { FlagsOf } from '../flags.ts';
import {
  checkDeviceRule,
  checkDomain,
  checkHost,
  checkIpAddress,
  checkLink,
  checkOperations,
  checkStream,
  checkSysctl,
  checkThrottle,
  checkWeight,
} from './checks.ts';
import { parseGpus, parseUlimit } from './devices.ts';
import { checkEnv, checkLabel } from './key-values.ts';
import { parseMount } from './mounts.ts';
import { parseNetwork } from './network-flag.ts';

const RESTARTS = ['no', 'on-failure', 'always', 'unless-stopped'];
const PLATFORMS = ['linux/amd64', 'linux/arm64'];
/** The capabilities that completion offers. */
const CAPABILITIES = [
  'ALL',
  ...['AUDIT_WRITE', 'BPF', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'IPC_LOCK', 'KILL', 'MKNOD'],
  ...['NET_ADMIN', 'NET_BIND_SERVICE', 'NET_RAW', 'PERFMON', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID'],
  ...['SYS_ADMIN', 'SYS_CHROOT', 'SYS_MODULE', 'SYS_NICE', 'SYS_PTRACE', 'SYS_RESOURCE', 'SYS_TIME'],
] as const;

type Extra = Omit<Flag, 'name' | 'type' | 'description' | 'short'>;

/** `v,volume` → `volume`. */
type LongName<Names extends string> = Names extends `${string},${infer Long}` ? Long : Names;

interface NamedFlag<Name extends string, Type extends FlagType> extends Flag {
  readonly name: Name;
  readonly type: Type;
}

/** `'v,volume'` → short and long name. */
function flag<const Names extends string, const Type extends FlagType>(
  names: Names,
  type: Type,
  description: string,
  extra: Extra = {},
): NamedFlag<LongName<Names>, Type> {
  const [first = '', second] = names.split(',');
  const name = (second ?? first) as LongName<Names>;
  return { name, type, description, ...(second === undefined ? {} : { short: first }), ...extra };
}

const IDENTITY = [
  flag('name', 'string', 'Name of the container', { completes: 'none' }),
  flag('h,hostname', 'string', 'Host name inside the container', { completes: 'none' }),
  flag('domainname', 'string', 'NIS domain name inside the container'),
  flag('cidfile', 'string', 'File to write the id of the container to'),
  flag('l,label', 'list', 'Set a label, key=value', { completes: 'none', check: checkLabel }),
  flag('label-file', 'list', 'Read labels from a file, one per line'),
  flag('annotation', 'map', 'Set an annotation for the OCI runtime, key=value'),
  flag('platform', 'string', 'Platform of the image to use, os/arch[/variant]', { completes: PLATFORMS }),
  flag('pull', 'string', 'When to pull the image: always, missing or never', {
    completes: ['always', 'missing', 'never'],
    default: 'missing',
  }),
  flag('q,quiet', 'bool', 'Pull without showing progress'),
] as const;

const PROCESS = [
  flag('a,attach', 'list', 'Attach to stdin, stdout or stderr', {
    completes: ['stdin', 'stdout', 'stderr'],
    check: checkStream,
  }),
  flag('i,interactive', 'bool', 'Keep standard input open'),
  flag('t,tty', 'bool', 'Allocate a terminal'),
  flag('e,env', 'list', 'Set a variable, or pass on the one with this name', {
    completes: 'none',
    check: checkEnv,
  }),
  flag('env-file', 'list', 'Read variables from a file, one per line'),
  flag('entrypoint', 'string', "Replace the image's entry point", { completes: 'none' }),
  flag('w,workdir', 'string', 'Directory to start in', { completes: 'none' }),
  flag('u,user', 'string', 'User to run as, name or id[:group]', { completes: 'none' }),
  flag('group-add', 'list', 'Additional group of the user'),
  flag('init', 'bool', 'Run an init that passes on signals and reaps processes'),
  flag('stop-signal', 'string', 'Signal that stops the container', { completes: SIGNALS }),
  flag('stop-timeout', 'int', 'Seconds between that signal and SIGKILL'),
  flag('restart', 'string', 'When to start again: no, on-failure[:n], always or unless-stopped', {
    completes: RESTARTS,
    default: 'no',
  }),
  flag('rm', 'bool', 'Remove the container when it ends, with its unnamed volumes'),
  flag('runtime', 'string', 'OCI runtime to use'),
  flag('log-driver', 'string', 'Logging driver for the output of the container', {
    completes: ['json-file', 'local', 'none', 'journald', 'syslog'],
  }),
  flag('log-opt', 'list', 'Option of the logging driver, key=value'),
  flag('no-healthcheck', 'bool', "Disable the image's health check"),
  flag('health-cmd', 'string', 'Command that checks the health of the container'),
  flag('health-interval', 'duration', 'Time between two checks (ms|s|m|h)'),
  flag('health-retries', 'int', 'Consecutive failures that make the container unhealthy'),
  flag('health-start-interval', 'duration', 'Time between two checks while starting (ms|s|m|h)'),
  flag('health-start-period', 'duration', 'Start-up time during which failures do not count (ms|s|m|h)'),
  flag('health-timeout', 'duration', 'Maximum time of a check (ms|s|m|h)'),
] as const;

const STORAGE = [
  flag('v,volume', 'list', 'Mount a directory or volume, [source:]target[:options]', { completes: 'volume' }),
  flag('mount', 'mount', 'Mount a file system, type=…,source=…,target=…', { check: parseMount }),
  flag('tmpfs', 'list', 'Mount a tmpfs, target[:options]'),
  flag('volume-driver', 'string', 'Driver of the volumes made for the container'),
  flag('volumes-from', 'list', 'Mount the volumes of another container', { completes: 'container' }),
  flag('read-only', 'bool', 'Mount the root file system read-only'),
  flag('shm-size', 'bytes', 'Size of /dev/shm'),
  flag('storage-opt', 'list', 'Option of the storage driver, key=value'),
  flag('use-api-socket', 'bool', "Mount the daemon's socket in the container"),
] as const;

const NETWORK = [
  flag('network', 'network', 'Network to join', {
    completes: 'network',
    aliases: ['net'],
    check: parseNetwork,
  }),
  flag('network-alias', 'list', 'Additional name in that network', { aliases: ['net-alias'] }),
  flag('p,publish', 'list', 'Publish a port, [[ip:]port:]port[/protocol]', { completes: 'none' }),
  flag('P,publish-all', 'bool', 'Publish every exposed port to a free port of the host'),
  flag('expose', 'list', 'Expose a port or range of ports'),
  flag('ip', 'string', 'IPv4 address of the container'),
  flag('ip6', 'string', 'IPv6 address of the container'),
  flag('link-local-ip', 'list', 'Link-local address of the container'),
  flag('mac-address', 'string', 'MAC address of the container'),
  flag('link', 'list', 'Link to another container, name[:alias]', {
    completes: 'container',
    check: checkLink,
  }),
  flag('add-host', 'list', 'Add a name to /etc/hosts, name:ip', { check: checkHost }),
  flag('dns', 'list', 'DNS server to use', { check: checkIpAddress }),
  flag('dns-option', 'list', 'Option of the resolver', { aliases: ['dns-opt'] }),
  flag('dns-search', 'list', 'DNS search domain', { check: checkDomain }),
] as const;

const ISOLATION = [
  flag('privileged', 'bool', 'Give the container full access to the host'),
  flag('cap-add', 'list', 'Add a capability', { completes: CAPABILITIES }),
  flag('cap-drop', 'list', 'Drop a capability', { completes: CAPABILITIES }),
  flag('security-opt', 'list', 'Security option, such as no-new-privileges or seccomp=file', {
    completes: ['apparmor=', 'label=', 'no-new-privileges', 'seccomp=', 'systempaths=unconfined'],
  }),
  flag('cgroupns', 'string', 'Cgroup namespace: host or private', { completes: ['host', 'private'] }),
  flag('cgroup-parent', 'string', 'Parent cgroup of the container'),
  flag('ipc', 'string', 'IPC namespace to use', {
    completes: ['host', 'none', 'private', 'shareable', 'container:'],
  }),
  flag('pid', 'string', 'PID namespace to use', { completes: ['host', 'container:'] }),
  flag('uts', 'string', 'UTS namespace to use', { completes: ['host'] }),
  flag('userns', 'string', 'User namespace to use', { completes: ['host'] }),
  flag('isolation', 'string', 'Isolation technology'),
  flag('sysctl', 'map', 'Set a kernel parameter, key=value', { check: checkSysctl }),
  flag('device', 'list', 'Add a device of the host, path[:path][:rwm]'),
  flag('device-cgroup-rule', 'list', 'Rule for the devices cgroup', { check: checkDeviceRule }),
  flag('gpus', 'gpu-request', 'GPUs to add: all or a list', { check: parseGpus }),
  flag('disable-content-trust', 'bool', 'Accepted for compatibility; ignored', { default: 'true' }),
] as const;

/** Limits that `update` can change, too. */
export const LIMITS = [
  flag('m,memory', 'bytes', 'Memory limit', { completes: 'none' }),
  flag('memory-reservation', 'bytes', 'Soft memory limit, in force when the host runs short'),
  flag('memory-swap', 'swap', 'Memory and swap together, -1 for no limit'),
  flag('cpus', 'decimal', 'Number of CPUs', { completes: 'none' }),
  flag('c,cpu-shares', 'int', 'Weight against other containers'),
  flag('cpu-period', 'int', 'Period of the CPU scheduler, microseconds'),
  flag('cpu-quota', 'int', 'CPU time in a period, microseconds'),
  flag('cpu-rt-period', 'int', 'Period of the real-time scheduler, microseconds'),
  flag('cpu-rt-runtime', 'int', 'Real-time CPU time in a period, microseconds'),
  flag('cpuset-cpus', 'string', 'CPUs to run on (0-3, 0,1)'),
  flag('cpuset-mems', 'string', 'Memory nodes to use (0-3, 0,1)'),
  flag('blkio-weight', 'uint16', 'Weight of block I/O, 10 to 1000, 0 for none'),
  flag('pids-limit', 'int', 'Maximum number of processes, -1 for no limit'),
] as const;

const MORE_LIMITS = [
  flag('memory-swappiness', 'int', 'Swappiness of memory, 0 to 100', { default: '-1' }),
  flag('kernel-memory', 'bytes', 'Accepted for compatibility; ignored'),
  flag('oom-kill-disable', 'bool', 'Disable the OOM killer'),
  flag('oom-score-adj', 'int', "Preference of the host's OOM killer, -1000 to 1000"),
  flag('ulimit', 'ulimit', 'Process limit, name=soft[:hard]', { check: parseUlimit }),
  flag('blkio-weight-device', 'list', 'Weight of block I/O on a device, path:weight', {
    check: checkWeight,
  }),
  flag('device-read-bps', 'list', 'Maximum bytes read per second, path:rate', { check: checkThrottle }),
  flag('device-read-iops', 'list', 'Maximum reads per second, path:rate', { check: checkOperations }),
  flag('device-write-bps', 'list', 'Maximum bytes written per second, path:rate', { check: checkThrottle }),
  flag('device-write-iops', 'list', 'Maximum writes per second, path:rate', { check: checkOperations }),
  flag('cpu-count', 'int', 'For daemons on Windows; refused'),
  flag('cpu-percent', 'int', 'For daemons on Windows; refused'),
  flag('io-maxbandwidth', 'bytes', 'For daemons on Windows; refused'),
  flag('io-maxiops', 'uint', 'For daemons on Windows; refused'),
] as const;

/** The flags that `create` and `run` share. */
export const CREATE_FLAGS = [
  ...IDENTITY,
  ...PROCESS,
  ...STORAGE,
  ...NETWORK,
  ...ISOLATION,
  ...LIMITS,
  ...MORE_LIMITS,
] as const;

/** The flags of `run` alone. */
export const RUN_FLAGS = [
  flag('d,detach', 'bool', 'Leave the container running and print its id'),
  flag('detach-keys', 'string', 'Keys that detach from the container'),
  flag('sig-proxy', 'bool', 'Pass signals on to the container', { default: 'true' }),
] as const;

export type CreateFlags = FlagsOf<typeof CREATE_FLAGS>;
export type LimitFlags = FlagsOf<typeof LIMITS>;
