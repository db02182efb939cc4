import { DEFAULT_SHM_SIZE } from './defaults.ts';
import { MASKED_PATHS, READONLY_PATHS } from './kernel-paths.ts';
import type { EndpointSpec } from './network-spec.ts';
import { merged, type Parts } from './parts.ts';
import type { ContainerSpec } from './spec.ts';

/** Seconds and failures of a health check that says nothing else; nanoseconds where durations. */
export const DEFAULT_HEALTH = {
  interval: 30e9,
  timeout: 30e9,
  startPeriod: 0,
  startInterval: 5e9,
  retries: 3,
};

/**
 * A container of which nothing is said. Stored rows have only what differs from it (`stored.ts`): to change a value here
 * changes what stored containers mean, so it takes a step of the database's migration.
 */
export const DEFAULT_SPEC: ContainerSpec = {
  process: {
    entrypoint: [],
    command: [],
    env: [],
    directory: '',
    user: '',
    groups: [],
    tty: false,
    consoleSize: { height: 0, width: 0 },
    stdin: false,
    stdinOnce: false,
    shell: ['/bin/sh', '-c'],
    init: false,
    oomScoreAdjustment: 0,
  },
  hostname: '',
  domainname: '',
  labels: {},
  annotations: {},
  network: { mode: { kind: 'bridge' }, endpoints: {}, mac: '', disabled: false },
  names: { dnsServers: [], dnsSearch: [], dnsOptions: [], hosts: [], links: [] },
  ports: { exposed: [], published: {}, publishAll: false },
  namespaces: {
    pid: { kind: 'private' },
    ipc: { kind: 'private' },
    uts: { kind: 'private' },
    cgroup: { kind: 'private' },
  },
  security: {
    privileged: false,
    capabilities: { add: [], drop: [] },
    seccomp: { kind: 'default' },
    appArmor: { kind: 'default' },
    writableCgroups: false,
    maskedPaths: MASKED_PATHS,
    readonlyPaths: READONLY_PATHS,
  },
  limits: {
    cgroupParent: '',
    memory: 0,
    memoryReservation: 0,
    memorySwap: 0,
    disableOomKiller: false,
    cpuShares: 0,
    cpuPeriod: 0,
    cpuQuota: 0,
    nanoCpus: 0,
    cpuRealtimePeriod: 0,
    cpuRealtimeRuntime: 0,
    cpus: '',
    memoryNodes: '',
    pids: 0,
    blockWeight: 0,
    blockWeightDevices: [],
    blockReadBytes: [],
    blockWriteBytes: [],
    blockReadRequests: [],
    blockWriteRequests: [],
    ulimits: [],
  },
  devices: { mapped: [], rules: [], requests: [] },
  storage: { readonlyRootfs: false, shmSize: DEFAULT_SHM_SIZE },
  sysctls: {},
  log: { driver: 'json-file', options: {} },
  health: { kind: 'none' },
  restart: { kind: 'no' },
  stop: { signal: 'SIGTERM' },
  autoRemove: false,
  runtime: '',
  asGiven: { config: {}, host: {} },
};

export const DEFAULT_ENDPOINT: EndpointSpec = {
  networkId: '',
  ipv4: '',
  ipv6: '',
  linkLocal: [],
  mac: '',
  aliases: [],
  links: [],
  driverOptions: {},
  priority: 0,
  asGiven: {},
};

/** A spec of which only these parts are not the default; the rest is shared between all specs. */
export const containerSpec = (parts: Parts<ContainerSpec>): ContainerSpec => merged(parts, DEFAULT_SPEC);

export const endpointSpec = (parts: Parts<EndpointSpec> = {}): EndpointSpec =>
  merged(parts, DEFAULT_ENDPOINT);
