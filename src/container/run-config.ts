import type { ContainerConfig } from '../api/engine/containers.ts';
import type { HealthConfig } from '../api/oci-image.ts';
import { DEFAULT_HEALTH, DEFAULT_SPEC } from './default-spec.ts';
import type { ContainerSpec, HealthSpec } from './spec.ts';

/** A container's part in the words of images' configurations, which `commit` and `inspect` share. */
export function runConfig(spec: ContainerSpec): ContainerConfig {
  return Object.assign(ownRunConfig(spec), spec.asGiven.config);
}

/** Without what is shown as it was given; a new object. */
export function ownRunConfig({ process, network, stop, ...spec }: ContainerSpec): ContainerConfig {
  const orNull = (list: readonly string[]) => (list.length > 0 ? list : null);
  const health = healthConfig(spec.health);
  const shown: { -readonly [K in keyof ContainerConfig]: ContainerConfig[K] } = {
    Hostname: spec.hostname,
    Domainname: spec.domainname,
    User: process.user,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ExposedPorts: Object.fromEntries(spec.ports.exposed.map((port) => [port, {}])),
    Tty: process.tty,
    OpenStdin: process.stdin,
    StdinOnce: process.stdinOnce,
    Env: process.env,
    Cmd: orNull(process.command),
    Volumes: {},
    WorkingDir: process.directory,
    Entrypoint: orNull(process.entrypoint),
    OnBuild: null,
    Labels: spec.labels,
  };
  if (health) shown.Healthcheck = health;
  if (network.disabled) shown.NetworkDisabled = true;
  if (network.mac) shown.MacAddress = network.mac;
  if (stop.signal !== DEFAULT_SPEC.stop.signal) shown.StopSignal = stop.signal;
  if (stop.timeout !== undefined) shown.StopTimeout = stop.timeout;
  if (process.shell !== DEFAULT_SPEC.process.shell) shown.Shell = process.shell;
  return shown;
}

const DURATIONS = [
  ['Interval', 'interval'],
  ['Timeout', 'timeout'],
  ['StartPeriod', 'startPeriod'],
  ['StartInterval', 'startInterval'],
  ['Retries', 'retries'],
] as const;

function healthConfig(health: HealthSpec): HealthConfig | undefined {
  if (health.kind === 'none') return undefined;
  const { command } = health;
  const numbers = DURATIONS.filter(([, name]) => health[name] !== DEFAULT_HEALTH[name]);
  return {
    Test: command.kind === 'shell' ? ['CMD-SHELL', command.script] : ['CMD', ...command.args],
    ...Object.fromEntries(numbers.map(([shown, name]) => [shown, health[name]])),
  };
}
