import { invalidParameter } from '../../core/errors.ts';
import { Regex } from '../../core/patterns/regex.ts';
import { parseBytes } from '../../core/units.ts';
import type { ContainerDefaults } from '../defaults.ts';
import type { LogSpec } from '../spec.ts';
import { checkTag } from './attributes.ts';
import { checkSyslogOptions, SYSLOG_OPTIONS } from './syslog-options.ts';

/** Which extra fields go with each line. */
const ATTRIBUTES = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
/** How a driver that can fall behind is fed. Ours never holds the process up: they read the record on disk. */
const DELIVERY = ['mode', 'max-buffer-size'];
const FILES = ['max-size', 'max-file', 'compress'];
/** The record that `logs` reads beside a driver that sends lines elsewhere. */
const CACHE = ['cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'];

/** What each driver takes of `--log-opt`. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  'json-file': [...FILES, ...ATTRIBUTES, ...DELIVERY],
  local: [...FILES, ...ATTRIBUTES, ...DELIVERY],
  none: DELIVERY,
  journald: [...ATTRIBUTES, ...DELIVERY, ...CACHE],
  syslog: [...SYSLOG_OPTIONS, ...ATTRIBUTES, ...DELIVERY, ...CACHE],
};

export const LOG_DRIVERS: readonly string[] = Object.keys(DRIVERS);

/** The driver and its options, those of the daemon's settings added where the driver is the daemon's or none is named. */
export function mergeLog(
  own: LogSpec,
  defaults: Pick<ContainerDefaults, 'logDriver' | 'logOptions'>,
): LogSpec {
  const driver = own.driver || defaults.logDriver;
  const given = driver === defaults.logDriver ? defaults.logOptions : {};
  return { driver, options: { ...given, ...own.options } };
}

/** @throws BargeError invalid-parameter, in docker's words. */
export function checkLog({ driver, options: config }: LogSpec): void {
  const known = DRIVERS[driver];
  if (!known) {
    throw invalidParameter(
      `logger: no log driver named '${driver}' is registered: use one of ${LOG_DRIVERS.join(', ')}`,
    );
  }
  const unknown = Object.keys(config).find((option) => !known.includes(option));
  if (unknown) throw invalidParameter(`unknown log opt '${unknown}' for ${driver} log driver`);
  const { mode } = config;
  if (mode && mode !== 'blocking' && mode !== 'non-blocking') {
    throw invalidParameter(`logger: logging mode not supported: ${mode}`);
  }
  if (config['max-buffer-size']) {
    if (mode !== 'non-blocking') {
      throw invalidParameter(`logger: max-buffer-size option is only supported with 'mode=non-blocking'`);
    }
    parseBytes(config['max-buffer-size']);
  }
  recordSettings({ driver, options: config });
  checkTag(config.tag ?? '');
  for (const name of ['labels-regex', 'env-regex']) assertPattern(name, config[name]);
  if (driver === 'syslog') checkSyslogOptions(config);
}

function assertPattern(name: string, pattern: string | undefined): void {
  try {
    new Regex(pattern ?? '');
  } catch (error) {
    throw invalidParameter(`invalid ${name}: ${pattern} is not a regular expression`, { cause: error });
  }
}

const DEFAULT_LOG_SIZE = 20 << 20;
const DEFAULT_LOG_FILES = 5;

/** How the record on disk is kept; undefined: there is none. */
interface RecordSettings {
  /** Bytes of a file, and files in all, the one being written included. */
  readonly maxSize: number;
  readonly maxFiles: number;
  readonly compress: boolean;
}

/** Whether the driver sends lines elsewhere: the record on disk is then what it reads from. */
export function isForwarded({ driver }: Pick<LogSpec, 'driver'>): boolean {
  return driver === 'journald' || driver === 'syslog';
}

/** Bounded unless asked otherwise, so that no container fills the disk. @throws BargeError invalid-parameter. */
export function recordSettings({ driver, options: config }: LogSpec): RecordSettings | undefined {
  if (driver === 'none') return undefined;
  const prefix = isForwarded({ driver }) ? 'cache-' : '';
  const size = config[`${prefix}max-size`];
  const files = config[`${prefix}max-file`];
  const compress = config[`${prefix}compress`] ?? (driver === 'local' ? 'true' : 'false');
  if (files !== undefined && !/^[1-9]\d{0,5}$/.test(files)) {
    throw invalidParameter(`${prefix}max-file must be a number, and at least 1: "${files}"`);
  }
  if (!['true', 'false', '1', '0'].includes(compress)) {
    throw invalidParameter(`${prefix}compress must be true or false: "${compress}"`);
  }
  const bytes = size === '-1' ? Number.MAX_SAFE_INTEGER : size ? parseBytes(size) : DEFAULT_LOG_SIZE;
  if (bytes <= 0) throw invalidParameter(`${prefix}max-size must be a positive number: "${size}"`);
  return {
    maxSize: bytes,
    maxFiles: Number(files ?? DEFAULT_LOG_FILES),
    compress: ['true', '1'].includes(compress),
  };
}
