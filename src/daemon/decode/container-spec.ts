import type { ContainerConfig, HostConfig, RestartPolicy } from '../../api/engine/containers.ts';
import type { EndpointSettings, PortMap } from '../../api/engine/networks.ts';
import type { HealthConfig } from '../../api/oci-image.ts';
import { containerSpec, DEFAULT_HEALTH, DEFAULT_SPEC } from '../../container/default-spec.ts';
import { withEndpoints } from '../../container/endpoints.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../../container/kernel-paths.ts';
import { parseLink } from '../../container/links.ts';
import { joinsContainer, ofContainer, parseNetworkMode } from '../../container/network-mode.ts';
import type { NetworkSpec } from '../../container/network-spec.ts';
import { parseSecurityOptions } from '../../container/oci/security-options.ts';
import { ownRunConfig } from '../../container/run-config.ts';
import type {
  ContainerSpec,
  HealthSpec,
  NamespaceSpec,
  OwnOrHost,
  ProcessSpec,
  RestartSpec,
} from '../../container/spec.ts';
import { ownTerms } from '../encode/host-config.ts';
import { asGiven } from './as-given.ts';
import { endpointOf } from './endpoint.ts';
import { devicesOf, limitsOf } from './resources.ts';
import { securityOf } from './security.ts';

/** A container in the Engine API's terms, with what its image and the daemon's settings say filled in. */
interface EffectiveBody {
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings | null>>;
}

/** The spec of a container that has been checked. */
export function specOf({ config, host, endpoints }: EffectiveBody): ContainerSpec {
  const spec = withEndpoints(
    containerSpec({
      process: processOf(config, host),
      hostname: config.Hostname ?? '',
      domainname: config.Domainname ?? '',
      labels: config.Labels ?? {},
      annotations: host.Annotations ?? {},
      network: networkSpec({ config, host }),
      names: {
        dnsServers: host.Dns ?? [],
        dnsSearch: host.DnsSearch ?? [],
        dnsOptions: host.DnsOptions ?? [],
        hosts: (host.ExtraHosts ?? []).map(parseExtraHost),
        links: (host.Links ?? []).map(parseLink),
      },
      ports: {
        exposed: Object.keys(config.ExposedPorts ?? {}),
        published: publishedPorts(host.PortBindings ?? {}),
        publishAll: host.PublishAllPorts ?? false,
      },
      namespaces: namespacesOf(host),
      security: securityOf(host),
      limits: limitsOf(host),
      devices: devicesOf(host),
      storage: {
        readonlyRootfs: host.ReadonlyRootfs ?? false,
        ...(host.ShmSize ? { shmSize: host.ShmSize } : {}),
      },
      sysctls: host.Sysctls ?? {},
      log: {
        driver: host.LogConfig?.Type || DEFAULT_SPEC.log.driver,
        options: host.LogConfig?.Config ?? {},
      },
      health: healthOf(config.Healthcheck),
      restart: restartOf(host.RestartPolicy),
      stop: {
        signal: config.StopSignal || DEFAULT_SPEC.stop.signal,
        ...(config.StopTimeout === undefined ? {} : { timeout: config.StopTimeout }),
      },
      autoRemove: host.AutoRemove ?? false,
      runtime: host.Runtime ?? '',
    }),
    endpointsOf({ config, host, endpoints }),
  );
  return containerSpec({ ...spec, asGiven: asGivenOf(spec, config, host) });
}

function asGivenOf(spec: ContainerSpec, config: ContainerConfig, host: HostConfig): ContainerSpec['asGiven'] {
  const { Image, ...own } = config;
  return {
    config: asGiven<ContainerConfig>(own, ownRunConfig(spec)),
    host: asGiven<HostConfig>(shownOf(host), ownTerms(spec, '')),
  };
}

/** The host configuration as `inspect` shows it: some members are shown otherwise than they were given. */
function shownOf({ Runtime, MaskedPaths, ReadonlyPaths, Links, ...host }: HostConfig): HostConfig {
  const { unconfinedPaths } = parseSecurityOptions(host.SecurityOpt ?? []);
  const shown = {
    ...host,
    ...(Runtime ? { Runtime } : {}),
    ...(Links?.length === 0 ? { Links } : {}) /* others have the container's name in them */,
  };
  if (host.Privileged) return shown;
  const paths = {
    MaskedPaths: MaskedPaths ?? MASKED_PATHS,
    ReadonlyPaths: ReadonlyPaths ?? READONLY_PATHS,
  };
  return { ...shown, ...(unconfinedPaths || MaskedPaths || ReadonlyPaths ? paths : {}) };
}

function processOf(config: ContainerConfig, host: HostConfig): ProcessSpec {
  const [height, width] = host.ConsoleSize ?? [0, 0];
  return {
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    env: config.Env ?? [],
    directory: config.WorkingDir ?? '',
    user: config.User ?? '',
    groups: host.GroupAdd ?? [],
    tty: config.Tty ?? false,
    consoleSize: { height, width },
    stdin: config.OpenStdin ?? false,
    stdinOnce: config.StdinOnce ?? false,
    shell: config.Shell ?? DEFAULT_SPEC.process.shell,
    init: host.Init ?? false,
    oomScoreAdjustment: host.OomScoreAdj ?? 0,
    ...(host.Umask === undefined || host.Umask === null ? {} : { umask: host.Umask }),
  };
}

const networkSpec = ({ config, host }: Pick<EffectiveBody, 'config' | 'host'>): NetworkSpec => ({
  mode: parseNetworkMode(host.NetworkMode ?? ''),
  endpoints: {},
  mac: config.MacAddress ?? '',
  disabled: config.NetworkDisabled ?? false,
});

const publishedPorts = (ports: PortMap): ContainerSpec['ports']['published'] =>
  Object.fromEntries(
    Object.entries(ports).map(([name, bindings]) => [
      name,
      (bindings ?? []).map(({ HostIp = '', HostPort = '' }) => ({ address: HostIp, port: HostPort })),
    ]),
  );

function endpointsOf({ config, host, endpoints }: EffectiveBody): ContainerSpec['network']['endpoints'] {
  const mode = parseNetworkMode(host.NetworkMode ?? '');
  if (mode.kind === 'container' || config.NetworkDisabled) return {};
  const named = Object.entries(endpoints).map(
    ([name, settings]) => [name === 'default' ? 'bridge' : name, endpointOf(settings)] as const,
  );
  return Object.fromEntries(named);
}

function namespacesOf(host: HostConfig): NamespaceSpec {
  const ipc = host.IpcMode ?? '';
  return {
    pid: ownOrShared(host.PidMode ?? ''),
    ipc: ipc === 'none' || ipc === 'shareable' ? { kind: ipc } : ownOrShared(ipc),
    uts: ownOrHost(host.UTSMode ?? ''),
    cgroup: ownOrHost(host.CgroupnsMode ?? ''),
  };
}

const ownOrHost = (mode: string): OwnOrHost => ({ kind: mode === 'host' ? 'host' : 'private' });
const ownOrShared = (mode: string) => (joinsContainer(mode) ? ofContainer(mode) : ownOrHost(mode));

/** `name:address` or `name=address`, an IPv6 address perhaps in brackets. */
function parseExtraHost(entry: string): { name: string; address: string } {
  const at = entry.search(/[:=]/);
  return { name: entry.slice(0, at), address: entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1') };
}

export function restartOf({ Name: name = '', MaximumRetryCount: most = 0 }: RestartPolicy = {}): RestartSpec {
  if (name === '') return { kind: 'no' };
  return name === 'on-failure' ? { kind: name, maxRetries: most } : { kind: name };
}

function healthOf(check: HealthConfig | undefined): HealthSpec {
  const [kind, ...args] = check?.Test ?? [];
  if (!check || (kind !== 'CMD' && kind !== 'CMD-SHELL')) return { kind: 'none' };
  return {
    kind: 'probe',
    command: kind === 'CMD' ? { kind: 'arguments', args } : { kind: 'shell', script: args.join(' ') },
    interval: check.Interval || DEFAULT_HEALTH.interval,
    timeout: check.Timeout || DEFAULT_HEALTH.timeout,
    startPeriod: check.StartPeriod || DEFAULT_HEALTH.startPeriod,
    startInterval: check.StartInterval || DEFAULT_HEALTH.startInterval,
    retries: check.Retries || DEFAULT_HEALTH.retries,
  };
}
