import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Ulimit } from '../../api/engine/containers.ts';
import type { UlimitSpec } from '../../container/resource-spec.ts';
import { invalidParameter, messageOf } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import { gcRules } from '../../engine/builds/gc.ts';
import type { BuilderSettings } from '../../engine/builds/settings.ts';
import {
  checkedDefaults,
  type EngineSettings,
  engineSettings,
  type RuntimeSetting,
} from '../../engine/settings.ts';
import { SETTINGS } from './table.ts';
import type { Values } from './values.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];

/** Typed access to values. */
export class Reader {
  readonly #values: Values;

  constructor(values: Values) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  raw(name: string): unknown {
    return this.#values[name];
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return value === undefined || value === '' ? undefined : String(value);
  }

  /** @throws BargeError invalid-parameter for another word than these. */
  oneOf(name: string, words: readonly string[]): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !words.includes(value)) {
      throw invalidParameter(`invalid value "${value}" for --${name}: want ${words.join(' or ')}`);
    }
    return value;
  }

  list(name: string): readonly string[] {
    return (this.#values[name] as readonly string[] | undefined) ?? [];
  }

  flag(name: string, otherwise = false): boolean {
    return (this.#values[name] as boolean | undefined) ?? otherwise;
  }

  /** @throws BargeError invalid-parameter below `least`. */
  number(name: string, otherwise: number, least = 1): number {
    const value = (this.#values[name] as number | undefined) ?? otherwise;
    if (value < least) throw invalidParameter(`invalid value ${value} for --${name}: want at least ${least}`);
    return value;
  }

  /** @throws BargeError invalid-parameter for what is no address. */
  addresses(name: string): readonly string[] {
    const values = [...this.list(name)];
    const wrong = values.find((value) => !isIP(value));
    if (wrong !== undefined)
      throw invalidParameter(`invalid value "${wrong}" for --${name}: want an IP address`);
    return values;
  }

  /** `key=value` of flags, or the object of the file. */
  map(name: string): Record<string, unknown> {
    const value = this.#values[name];
    if (value === undefined) return {};
    if (!Array.isArray(value)) return value as Record<string, unknown>;
    return Object.fromEntries(
      value.map((entry: string) => {
        const at = entry.indexOf('=');
        if (at < 1) throw invalidParameter(`invalid argument "${entry}" for "--${name}": want KEY=VALUE`);
        return [entry.slice(0, at), entry.slice(at + 1)];
      }),
    );
  }
}

/** @returns a line for each setting without effect. @throws BargeError invalid-parameter for what Barge refuses. */
export function checkSupport(read: Reader): string[] {
  const notes: string[] = [];
  for (const { name, refused, idle, kind } of SETTINGS) {
    const value = read.raw(name);
    if (value === undefined || (refused && kind === 'flag' && value === false)) continue;
    if (refused) throw invalidParameter(`--${name} is not supported by Barge: ${refused}`);
    if (idle) notes.push(`--${name} has no effect: ${idle}`);
  }
  only(read, 'storage-driver', ['overlay2', 'overlay', 'overlayfs']);
  only(read, 'firewall-backend', ['nftables']);
  for (const option of read.list('exec-opt')) {
    if (option !== 'native.cgroupdriver=cgroupfs') {
      throw invalidParameter(
        `--exec-opt ${option} is not supported by Barge: it makes cgroups itself (native.cgroupdriver=cgroupfs)`,
      );
    }
  }
  for (const [feature, value] of Object.entries(read.map('feature'))) {
    if (feature === 'cdi') continue;
    notes.push(`the feature ${feature}=${value} has no effect`);
  }
  return notes;
}

function only(read: Reader, name: string, words: readonly string[]): void {
  const value = read.text(name);
  if (value && !words.includes(value)) {
    throw invalidParameter(`--${name} ${value} is not supported by Barge: ${words[0]} is the only one`);
  }
}

/** What may be read again while the daemon runs. */
export function resolveSettings(read: Reader): EngineSettings {
  const labels = read.list('label');
  const wrong = labels.find((label) => !label.includes('='));
  if (wrong !== undefined) throw invalidParameter(`bad attribute format: ${wrong}: want KEY=VALUE`);
  return engineSettings({
    debug: read.flag('debug') || read.text('log-level') === 'debug',
    experimental: read.flag('experimental'),
    labels,
    insecureRegistries: read.list('insecure-registry'),
    mirrors: read.list('registry-mirror').map(mirror),
    maxConcurrentDownloads: read.number('max-concurrent-downloads', 3),
    maxConcurrentUploads: read.number('max-concurrent-uploads', 5),
    maxDownloadAttempts: read.number('max-download-attempts', 5),
    builder: builderSettings(read),
    defaults: containerSettings(read),
  });
}

/** @throws BargeError invalid-parameter for sizes and durations that make no sense. */
function builderSettings(read: Reader): BuilderSettings {
  const settings = read.map('builder') as BuilderSettings;
  gcRules(settings, 0);
  return settings;
}

function containerSettings(read: Reader): EngineSettings['defaults'] {
  const cgroupns = read.oneOf('default-cgroupns-mode', ['host', 'private']);
  const seccomp = seccompProfile(read.text('seccomp-profile'));
  const shm = read.text('default-shm-size');
  const cdi = read.map('feature').cdi;
  const directories = read.has('cdi-spec-dir') ? { cdiDirectories: read.list('cdi-spec-dir') } : {};
  return checkedDefaults({
    logDriver: read.text('log-driver') ?? 'json-file',
    logOptions: Object.fromEntries(Object.entries(read.map('log-opt')).map(([k, v]) => [k, String(v)])),
    ulimits: ulimits(read),
    ...(shm ? { shmSize: parseBytes(shm) } : {}),
    ipcMode: read.oneOf('default-ipc-mode', ['private', 'shareable']) ?? 'private',
    ...(cgroupns ? { cgroupnsMode: cgroupns } : {}),
    init: read.flag('init'),
    noNewPrivileges: read.flag('no-new-privileges'),
    ...(seccomp ? { seccomp } : {}),
    runtimes: runtimes(read),
    ...directories,
    ...(String(cdi) === 'false' ? { cdiDirectories: [] } : {}),
    dns: read.addresses('dns'),
    dnsOptions: read.list('dns-opt'),
    dnsSearch: read.list('dns-search'),
    hostGatewayIps: read.addresses('host-gateway-ip'),
  });
}

function mirror(text: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash || url.username) {
    throw invalidParameter(`invalid mirror: "${text}" is not a plain http or https address`);
  }
  if (url.pathname !== '/' && url.pathname !== '') {
    throw invalidParameter(`invalid mirror: "${text}" has a path; registries are at the root`);
  }
  return `${url.protocol}//${url.host}`;
}

function seccompProfile(setting: string | undefined): string | undefined {
  if (!setting || setting === 'builtin' || setting === 'default') return undefined;
  if (setting === 'unconfined') return setting;
  try {
    return readFileSync(setting, 'utf8');
  } catch (error) {
    throw invalidParameter(`opening seccomp profile (${setting}) failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function runtimes(read: Reader): Record<string, RuntimeSetting> {
  const found: Record<string, RuntimeSetting> = {};
  for (const [name, path] of Object.entries(read.map('add-runtime'))) found[name] = { path: String(path) };
  for (const [name, value] of Object.entries(read.map('runtimes'))) {
    const { path, runtimeArgs } = value as Partial<RuntimeSetting>;
    if (!path)
      throw invalidParameter(
        `runtime ${name}: "path" is missing; containerd's runtime types are not supported`,
      );
    found[name] = { path, ...(runtimeArgs?.length ? { runtimeArgs } : {}) };
  }
  for (const name of ['runc', 'crun', 'io.containerd.runc.v2']) {
    if (found[name]) throw invalidParameter(`runtime name '${name}' is reserved`);
  }
  return found;
}

/** `nofile=1024:2048` of flags, `{"nofile": {"Name", "Soft", "Hard"}}` of the file. */
function ulimits(read: Reader): UlimitSpec[] {
  return Object.entries(read.map('default-ulimit')).map(([name, value]) => {
    if (typeof value === 'object' && value !== null) {
      const { Soft: soft, Hard: hard } = value as Partial<Ulimit>;
      return { name, soft: Number(soft), hard: Number(hard) };
    }
    const match = /^(-?\d+)(?::(-?\d+))?$/.exec(String(value));
    if (!match) throw invalidParameter(`invalid argument "${name}=${value}" for "--default-ulimit"`);
    return { name, soft: Number(match[1]), hard: Number(match[2] ?? match[1]) };
  });
}
