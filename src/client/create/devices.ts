import type { DeviceMapping, DeviceRequest, Ulimit } from '../../api/engine/containers.ts';
import { invalidParameter } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';
import { splitCsv } from './csv.ts';

/** A device by its CDI name, `vendor.com/class=name`. */
const CDI_NAME = /^[a-zA-Z][\w.-]*[\w]\/[a-zA-Z][\w-]*=[\w.:-]+$/;

export function isCdiName(value: string): boolean {
  return CDI_NAME.test(value);
}

/** `--device host[:container][:rwm]`. @throws BargeError invalid-parameter. */
export function parseDevice(value: string): DeviceMapping {
  const parts = value.split(':');
  const [host = '', second, third] = parts;
  if (parts.length > 3 || host === '') throw invalidParameter(`bad format for path: ${value}`);
  const isMode = (text: string) => /^[rwm]{1,3}$/.test(text);
  if (second === undefined) return mapping(host, host, 'rwm');
  if (third === undefined) return isMode(second) ? mapping(host, host, second) : mapping(host, second, 'rwm');
  if (!isMode(third)) throw invalidParameter(`bad mode specified: ${third}`);
  return mapping(host, second || host, third);
}

function mapping(host: string, container: string, mode: string): DeviceMapping {
  if (!container.startsWith('/')) throw invalidParameter(`${container} is not an absolute path`);
  return { PathOnHost: host, PathInContainer: container, CgroupPermissions: mode };
}

/** `--gpus all`, a count, or `device=0,driver=…,capabilities=…`. @throws BargeError invalid-parameter. */
export function parseGpus(value: string): DeviceRequest {
  let request: { Driver?: string; Count: number; DeviceIDs?: string[]; Options?: Record<string, string> } = {
    Count: 0,
  };
  let capabilities = ['gpu'];
  for (const field of splitCsv(value)) {
    const [key, text] = splitPair(field);
    if (!field.includes('=')) request = { ...request, Count: gpuCount(field) };
    else if (key === 'count') request = { ...request, Count: gpuCount(text) };
    else if (key === 'driver') request = { ...request, Driver: text };
    else if (key === 'device') request = { ...request, DeviceIDs: text.split(',') };
    else if (key === 'capabilities') capabilities = [...text.split(','), 'gpu'];
    else if (key === 'options')
      request = { ...request, Options: Object.fromEntries(text.split(',').map(splitPair)) };
    else throw invalidParameter(`unexpected key '${key}' in '${field}'`);
  }
  return { ...request, Capabilities: [[...new Set(capabilities)]] };
}

function gpuCount(text: string): number {
  if (text === 'all') return -1;
  if (!/^\d+$/.test(text))
    throw invalidParameter(
      `invalid count (${text}): value must be either "all" or an integer: invalid syntax`,
    );
  return Number(text);
}

const ULIMITS = new Set([
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
]);

/** `--ulimit name=soft[:hard]`, -1 for no limit. @throws BargeError invalid-parameter in docker's words. */
export function parseUlimit(value: string): Ulimit {
  const [Name, limits] = splitPair(value);
  if (!value.includes('=')) throw invalidParameter(`invalid ulimit argument: ${value}`);
  if (!ULIMITS.has(Name)) throw invalidParameter(`invalid ulimit type: ${Name}`);
  const [softText = '', hardText = softText, ...more] = limits.split(':');
  if (more.length > 0)
    throw invalidParameter(
      `too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``,
    );
  const Soft = limit(softText);
  const Hard = limit(hardText);
  if (Hard !== -1 && (Soft > Hard || Soft === -1)) {
    throw invalidParameter(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  }
  return { Name, Soft, Hard };
}

function limit(text: string): number {
  if (!/^-?\d+$/.test(text)) throw invalidParameter(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}
