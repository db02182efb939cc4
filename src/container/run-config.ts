import type { ContainerConfig } from '../api/engine/containers.ts';
import type { HealthConfig } from '../api/oci-image.ts';
import { DEFAULT_HEALTH, DEFAULT_SPEC } from './default-spec.ts';
import type { ContainerSpec, HealthSpec } from './spec.ts';

/** A container's part in the words of images' configurations, which `commit` and `inspect` share. */
export function runConfig(spec: ContainerSpec): ContainerConfig {
  return { ...ownRunConfig(spec), ...spec.asGiven.config };
}

/** Without what is shown as it was given. */
export function ownRunConfig({ process, network, stop, ...spec }: ContainerSpec): ContainerConfig {
  const orNull = (list: readonly string[]) => (list.length > 0 ? list : null);
  const health = healthConfig(spec.health);
  return {
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
    ...(health ? { Healthcheck: health } : {}),
    Volumes: {},
    WorkingDir: process.directory,
    Entrypoint: orNull(process.entrypoint),
    ...(network.disabled ? { NetworkDisabled: true } : {}),
    ...(network.mac ? { MacAddress: network.mac } : {}),
    OnBuild: null,
    Labels: spec.labels,
    ...(stop.signal === DEFAULT_SPEC.stop.signal ? {} : { StopSignal: stop.signal }),
    ...(stop.timeout === undefined ? {} : { StopTimeout: stop.timeout }),
    ...(process.shell === DEFAULT_SPEC.process.shell ? {} : { Shell: process.shell }),
  };
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
