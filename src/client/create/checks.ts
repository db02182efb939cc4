import { invalidParameter } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import { splitPair } from '../flags.ts';
import { isIp } from './ports.ts';

/** `--add-host name:ip` or `name=ip`; `host-gateway` stands for the host's address. */
export function checkHost(value: string): void {
  const { name, address } = splitHost(value);
  if (name === '' || address === undefined) throw invalidParameter(`bad format for add-host: "${value}"`);
  if (address !== 'host-gateway' && !isIp(address)) {
    throw invalidParameter(`invalid IP address in add-host: "${address}"`);
  }
}

export function splitHost(value: string): { name: string; address: string | undefined } {
  const mark = value.search(/[=:]/);
  if (mark === -1) return { name: value, address: undefined };
  return { name: value.slice(0, mark), address: value.slice(mark + 1).replace(/^\[(.*)\]$/, '$1') };
}

export function checkStream(value: string): void {
  if (!['stdin', 'stdout', 'stderr'].includes(value.toLowerCase())) {
    throw invalidParameter('valid streams are STDIN, STDOUT and STDERR');
  }
}

export function checkIpAddress(value: string): void {
  if (!isIp(value.trim())) throw invalidParameter(`IP address is not correctly formatted: ${value}`);
}

export function checkLink(value: string): void {
  const parts = value.split(':');
  if (value === '') throw invalidParameter('empty string specified for links');
  if (parts.length > 2) throw invalidParameter(`bad format for links: ${value}`);
}

/** `--dns-search`: a domain, or a dot for none. */
export function checkDomain(value: string): void {
  const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
  const domain = value.trim();
  if (domain === '.' || new RegExp(`^${label}(?:\\.${label})*\\.?$`).test(domain)) return;
  throw invalidParameter(`${value} is not a valid domain`);
}

const SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** Only sysctls that belong to a container's own namespaces. */
export function checkSysctl(value: string): void {
  const [key] = splitPair(value);
  const known = SYSCTLS.has(key) || key.startsWith('net.') || key.startsWith('fs.mqueue.');
  if (!value.includes('=') || !known) throw invalidParameter(`sysctl '${value}' is not allowed`);
}

/** `path:number` of a device: the number's text. */
function deviceNumber(value: string): string {
  const { path, rate } = splitThrottle(value);
  if (rate === undefined || path === '') throw invalidParameter(`bad format: ${value}`);
  if (!path.startsWith('/dev/')) throw invalidParameter(`bad format for device path: ${value}`);
  return rate;
}

/** `--blkio-weight-device path:weight`, 10 to 1000, 0 for none. */
export function checkWeight(value: string): void {
  const text = deviceNumber(value);
  const weight = Number(text);
  if (!/^\d+$/.test(text) || (weight !== 0 && (weight < 10 || weight > 1000))) {
    throw invalidParameter(`invalid weight for device: ${value}`);
  }
}

/** `--device-read-iops path:rate` and its twin. */
export function checkOperations(value: string): void {
  if (/^\d+$/.test(deviceNumber(value))) return;
  throw invalidParameter(
    `invalid rate for device: ${value}. The correct format is <device-path>:<number>. ` +
      'Number must be a positive integer',
  );
}

/** `--device-cgroup-rule 'c 1:3 rwm'`. */
export function checkDeviceRule(value: string): void {
  if (/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(value)) return;
  throw invalidParameter(`invalid device cgroup format '${value}'`);
}

/** `--device-read-bps path:rate` and its twin. */
export function checkThrottle(value: string): void {
  const number = tryBytes(deviceNumber(value));
  if (number === undefined) {
    throw invalidParameter(
      `invalid rate for device: ${value}. The correct format is <device-path>:<number>[<unit>]. ` +
        'Number must be a positive integer. Unit is optional and can be kb, mb, or gb',
    );
  }
}

export function splitThrottle(value: string): { path: string; rate: string | undefined } {
  const colon = value.indexOf(':');
  return colon === -1
    ? { path: value, rate: undefined }
    : { path: value.slice(0, colon), rate: value.slice(colon + 1) };
}

function tryBytes(text: string): number | undefined {
  try {
    return parseBytes(text);
  } catch {
    return undefined;
  }
}
