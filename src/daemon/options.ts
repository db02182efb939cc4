import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BargeError, invalidParameter, messageOf } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';

/** What `barged` can be told, by flags or in daemon.json (the same names without dashes at the front). */
export interface DaemonOptions {
  readonly dataRoot: string;
  readonly execRoot: string;
  /** `unix://PATH`, `tcp://HOST:PORT`. */
  readonly hosts: readonly string[];
  readonly bridge: string;
  readonly bip?: string;
  readonly cgroupParent: string;
  readonly defaultRuntime?: string;
  readonly insecureRegistries: readonly string[];
  readonly pidfile: string;
  readonly logLevel: string;
  readonly group: string;
  readonly tls: TlsOptions | undefined;
  readonly configFile: string;
}

export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  /** Only clients with a certificate of this authority; undefined: any client. */
  readonly ca?: string;
}

export const DEFAULT_HOST = 'unix:///run/barge.sock';
const DEFAULT_CONFIG_FILE = '/etc/barge/daemon.json';
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];

const FLAGS = {
  'data-root': { type: 'string' },
  'exec-root': { type: 'string' },
  host: { type: 'string', short: 'H', multiple: true },
  bridge: { type: 'string', short: 'b' },
  bip: { type: 'string' },
  'config-file': { type: 'string' },
  'cgroup-parent': { type: 'string' },
  'default-runtime': { type: 'string' },
  'insecure-registry': { type: 'string', multiple: true },
  pidfile: { type: 'string', short: 'p' },
  'log-level': { type: 'string', short: 'l' },
  debug: { type: 'boolean', short: 'D' },
  group: { type: 'string', short: 'G' },
  tls: { type: 'boolean' },
  tlsverify: { type: 'boolean' },
  tlscacert: { type: 'string' },
  tlscert: { type: 'string' },
  tlskey: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** daemon.json's names for flags that may be given several times. */
const PLURALS: Record<string, string> = { hosts: 'host', 'insecure-registries': 'insecure-registry' };

export const HELP = `Usage: barged [OPTIONS]

The daemon of Barge: serves the Docker Engine API.

Options:
  -b, --bridge NAME              Linux bridge of the default network ("none": no bridge network) (default barge0)
      --bip CIDR                 Address and prefix of the bridge
      --cgroup-parent PATH       Cgroup below which containers' are made (default /barge)
      --config-file PATH         Settings as JSON (default ${DEFAULT_CONFIG_FILE})
      --data-root DIR            Images, containers, volumes (default /var/lib/barge)
  -D, --debug                    The same as --log-level debug
      --default-runtime NAME     OCI runtime (default crun, else runc)
      --exec-root DIR            Run-time state (default /run/barge)
  -G, --group NAME               Group that may use the unix socket (default barge)
  -H, --host ADDRESS             unix://PATH or tcp://HOST:PORT to listen on; several times (default ${DEFAULT_HOST})
      --insecure-registry HOST   Registry to speak to without verified TLS; several times
  -l, --log-level LEVEL          ${LOG_LEVELS.join(', ')} (default info)
  -p, --pidfile PATH             File for the process id (default EXEC-ROOT/barged.pid)
      --tls                      TLS for tcp addresses; implied by --tlsverify
      --tlscacert, --tlscert, --tlskey PATH   Certificates (PEM)
      --tlsverify                Clients need a certificate of --tlscacert
  -h, --help                     This text
  -v, --version                  The version
`;

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

export type Parsed =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly options: DaemonOptions };

/** @throws BargeError invalid-parameter naming the flag or setting that is wrong. */
export function parseDaemonOptions(args: readonly string[]): Parsed {
  const flags = parseFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  return { kind: 'run', options: resolveOptions(flags) };
}

function parseFlags(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values;
  } catch (error) {
    throw invalidParameter(
      `${messageOf(error).split('.')[0]}${suggestionFor(messageOf(error))} (see barged --help)`,
      {
        cause: error,
      },
    );
  }
}

function suggestionFor(message: string): string {
  const unknown = /Unknown option '--([\w-]+)'/.exec(message)?.[1];
  const near = unknown && nearest(unknown, Object.keys(FLAGS));
  return near ? `: did you mean --${near}?` : '';
}

/** Flags over daemon.json over defaults; one setting in both places is refused, as dockerd does. */
function resolveOptions(flags: Values): DaemonOptions {
  const configFile = (flags['config-file'] as string | undefined) ?? DEFAULT_CONFIG_FILE;
  const file = readConfigFile(configFile, flags['config-file'] !== undefined);
  const both = Object.keys(file).filter((name) => flags[name] !== undefined);
  if (both.length > 0) {
    throw invalidParameter(
      `unable to configure the daemon with file ${configFile}: the following directives are specified both as a flag and in the configuration file: ${both.join(', ')}`,
    );
  }
  const values = { ...file, ...flags };
  const text = (name: string) => values[name] as string | undefined;
  const list = (name: string) => (values[name] as string[] | undefined) ?? [];
  const execRoot = text('exec-root') ?? '/run/barge';
  const logLevel = values.debug ? 'debug' : (text('log-level') ?? 'info');
  if (!LOG_LEVELS.includes(logLevel))
    throw invalidParameter(`unknown log level "${logLevel}": want ${LOG_LEVELS.join(', ')}`);
  const bip = text('bip');
  const runtime = text('default-runtime');
  return {
    dataRoot: text('data-root') ?? '/var/lib/barge',
    execRoot,
    hosts: list('host').length > 0 ? list('host') : [DEFAULT_HOST],
    bridge: text('bridge') ?? 'barge0',
    ...(bip ? { bip } : {}),
    cgroupParent: text('cgroup-parent') ?? '/barge',
    ...(runtime ? { defaultRuntime: runtime } : {}),
    insecureRegistries: list('insecure-registry'),
    pidfile: text('pidfile') ?? `${execRoot}/barged.pid`,
    logLevel,
    group: text('group') ?? 'barge',
    tls: tlsOptions(values),
    configFile,
  };
}

function tlsOptions(values: Values): TlsOptions | undefined {
  const { tls, tlsverify: verify, tlscert: cert, tlskey: key, tlscacert: ca } = values;
  if (!tls && !verify) return undefined;
  if (!cert || !key) throw invalidParameter('TLS needs --tlscert and --tlskey');
  if (verify && !ca)
    throw invalidParameter('--tlsverify needs --tlscacert: the authority whose clients may come in');
  return { cert: cert as string, key: key as string, ...(verify ? { ca: ca as string } : {}) };
}

/** The settings of daemon.json under the names of flags. @throws BargeError for unknown names and wrong types. */
export function readConfigFile(path: string, mustExist: boolean): Values {
  if (!existsSync(path)) {
    if (mustExist) throw invalidParameter(`the configuration file ${path} does not exist`);
    return {};
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw invalidParameter(`unable to configure the daemon with file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw invalidParameter(`unable to configure the daemon with file ${path}: want a JSON object`);
  }
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => checkedSetting(path, key, value)));
}

function checkedSetting(path: string, key: string, value: unknown): [string, Values[string]] {
  const name = PLURALS[key] ?? key;
  const known = FLAGS[name as keyof typeof FLAGS] as { type: string; multiple?: boolean } | undefined;
  if (!known || ['help', 'version', 'config-file'].includes(name) || (known.multiple && name === key)) {
    throw new BargeError(
      'invalid-parameter',
      `unable to configure the daemon with file ${path}: the following directives don't match any configuration option: ${key}`,
    );
  }
  const fits = known.multiple
    ? Array.isArray(value) && value.every((item) => typeof item === 'string')
    : typeof value === known.type;
  if (!fits)
    throw invalidParameter(`unable to configure the daemon with file ${path}: "${key}" has the wrong type`);
  return [name, value as Values[string]];
}
