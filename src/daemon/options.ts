import { invalidParameter } from '../core/errors.ts';
import type { EngineSettings } from '../engine/settings.ts';
import { distinctHosts } from './options/hosts.ts';
import { type NetworkOptions, resolveNetwork } from './options/network.ts';
import { checkSupport, LOG_LEVELS, Reader, resolveSettings } from './options/resolve.ts';
import { SETTINGS } from './options/table.ts';
import { joinValues, parseFlags, readConfigFile, type Values } from './options/values.ts';

/** What `barged` was told, by flags or in daemon.json. */
export interface DaemonOptions {
  readonly dataRoot: string;
  readonly execRoot: string;
  /** `unix://PATH`, `tcp://HOST:PORT`, `fd://`. */
  readonly hosts: readonly string[];
  readonly network: NetworkOptions;
  readonly cgroupParent: string;
  readonly defaultRuntime?: string;
  readonly pidfile: string;
  readonly logLevel: string;
  readonly logFormat: 'json' | 'text';
  readonly group: string;
  readonly tls: TlsOptions | undefined;
  readonly configFile: string;
  readonly metricsAddress?: string;
  readonly minApiVersion?: string;
  /** For connections to registries. */
  readonly proxies: Proxies;
  readonly settings: EngineSettings;
  /** What was set and has no effect: for the log. */
  readonly notes: readonly string[];
}

export interface Proxies {
  readonly http?: string;
  readonly https?: string;
  readonly none?: string;
}

export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  /** Only clients with a certificate of this authority; undefined: any client. */
  readonly ca?: string;
}

interface ProgramDefaults {
  readonly host: string;
  readonly configFile: string;
  readonly group: string;
  /** Name of the default bridge. */
  readonly bridge: string;
  readonly pidfile: (execRoot: string) => string;
}

const OWN: ProgramDefaults = {
  host: 'unix:///run/barge.sock',
  configFile: '/etc/barge/daemon.json',
  group: 'barge',
  bridge: 'barge0',
  pidfile: (execRoot) => `${execRoot}/barged.pid`,
};

/** Called by docker's name, the daemon is where docker's users look for it. */
const DOCKER: ProgramDefaults = {
  host: 'unix:///var/run/docker.sock',
  configFile: '/etc/docker/daemon.json',
  group: 'docker',
  bridge: 'docker0',
  pidfile: () => '/var/run/docker.pid',
};

const defaultsOf = (program: string) => (program === 'dockerd' ? DOCKER : OWN);

type Parsed =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'valid' }
  | { readonly kind: 'run'; readonly options: DaemonOptions };

/**
 * @param program the name that the daemon was called by.
 * @throws BargeError invalid-parameter naming the flag or setting that is wrong.
 */
export function parseDaemonOptions(args: readonly string[], program = 'barged'): Parsed {
  const flags = parseFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  const options = resolveOptions(flags, defaultsOf(program));
  return flags.validate ? { kind: 'valid' } : { kind: 'run', options };
}

function resolveOptions(flags: Values, program: ProgramDefaults): DaemonOptions {
  const configFile = (flags['config-file'] as string | undefined) ?? program.configFile;
  const file = readConfigFile(configFile, flags['config-file'] !== undefined);
  const read = new Reader(joinValues(flags, file, configFile));
  const notes = checkSupport(read);
  const logLevel = read.flag('debug') ? 'debug' : (read.text('log-level') ?? 'info');
  if (!LOG_LEVELS.includes(logLevel)) {
    throw invalidParameter(`unknown log level "${logLevel}": want ${LOG_LEVELS.join(', ')}`);
  }
  const tls = tlsOptions(read);
  const execRoot = read.text('exec-root') ?? '/run/barge';
  const optional = (name: string, field: string) => {
    const value = read.text(name);
    return value ? { [field]: value } : {};
  };
  return {
    dataRoot: read.text('data-root') ?? '/var/lib/barge',
    execRoot,
    hosts:
      read.list('host').length > 0 ? distinctHosts(read.list('host'), tls !== undefined) : [program.host],
    network: resolveNetwork(read, program.bridge),
    cgroupParent: read.text('cgroup-parent') ?? '/barge',
    ...optional('default-runtime', 'defaultRuntime'),
    pidfile: read.text('pidfile') ?? program.pidfile(execRoot),
    logLevel,
    logFormat: (read.oneOf('log-format', ['json', 'text']) ?? 'json') as 'json' | 'text',
    group: read.text('group') ?? program.group,
    tls,
    configFile,
    ...optional('metrics-addr', 'metricsAddress'),
    ...optional('min-api-version', 'minApiVersion'),
    proxies: proxies(read),
    settings: resolveSettings(read),
    notes,
  };
}

function tlsOptions(read: Reader): TlsOptions | undefined {
  const verify = read.flag('tlsverify');
  if (!read.flag('tls') && !verify) return undefined;
  const [cert, key, ca] = ['tlscert', 'tlskey', 'tlscacert'].map((name) => read.text(name));
  if (!cert || !key) throw invalidParameter('TLS needs --tlscert and --tlskey');
  if (verify && !ca)
    throw invalidParameter('--tlsverify needs --tlscacert: the authority whose clients may come in');
  return { cert, key, ...(verify && ca ? { ca } : {}) };
}

function proxies(read: Reader): Proxies {
  const file = read.map('proxies');
  const known = ['http-proxy', 'https-proxy', 'no-proxy'];
  const unknown = Object.keys(file).find((name) => !known.includes(name));
  if (unknown) throw invalidParameter(`unknown setting "${unknown}" in "proxies": want ${known.join(', ')}`);
  const [http, https, none] = known.map((name) => read.text(name) ?? (file[name] as string | undefined));
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(none ? { none } : {}) };
}

const COLUMN = 36;

/** What `--help` prints. */
export function helpText(program = 'barged'): string {
  const { host, configFile } = defaultsOf(program);
  const shown = SETTINGS.filter(({ kind, refused, idle }) => kind !== 'json' && !refused && !idle);
  const lines = shown.map(({ name, short, value, help = '' }) => {
    const flag = `  ${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`;
    return flag.length < COLUMN - 1
      ? `${flag.padEnd(COLUMN)}${help}`
      : `${flag}\n${' '.repeat(COLUMN)}${help}`;
  });
  return [
    `Usage: ${program} [OPTIONS]`,
    '',
    'The daemon of Barge: serves the Docker Engine API.',
    '',
    'Options:',
    ...lines,
    '',
    `Listens on ${host} unless --host says otherwise, and reads ${configFile} if it is there,`,
    'where lists have an s at the end of their names. Other settings of dockerd are refused by name.',
    '',
  ].join('\n');
}
