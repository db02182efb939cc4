import { isIPv4, isIPv6 } from 'node:net';
import { invalidParameter } from '../core/errors.ts';

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A network in CIDR form; `base` has no host bits. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

export const bitsOf = (family: Family) => (family === 4 ? 32 : 128);

/** @throws BargeError invalid-parameter for anything but an IPv4 or IPv6 address. */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) {
    return { family: 4, value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (isIPv6(text) && !text.includes('%')) return { family: 6, value: parseV6(text) };
  throw invalidParameter(`invalid IP address: ${text}`);
}

function parseV6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const low = parseAddress(dotted[2] ?? '').value;
    return parseV6(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = '', tail] = text.split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** The canonical text (RFC 5952 for IPv6). */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** @throws BargeError invalid-parameter for anything but `address/prefix`. Host bits are cleared. */
export function parseSubnet(text: string): Subnet {
  const [address = '', prefixText = '', ...rest] = text.split('/');
  if ((!isIPv4(address) && !isIPv6(address)) || rest.length > 0 || !/^\d{1,3}$/.test(prefixText)) {
    throw invalidParameter(`invalid subnet ${text}: invalid CIDR block notation`);
  }
  const { family, value } = parseAddress(address);
  const prefix = Number(prefixText);
  if (prefix > bitsOf(family)) {
    throw invalidParameter(`invalid subnet ${text}: invalid CIDR block notation`);
  }
  const size = 1n << BigInt(bitsOf(family) - prefix);
  return { family, base: (value / size) * size, prefix };
}

export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefix}`;
}

export function sizeOf({ family, prefix }: Subnet): bigint {
  return 1n << BigInt(bitsOf(family) - prefix);
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value < subnet.base + sizeOf(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, { family: b.family, value: b.base }) || contains(b, { family: a.family, value: a.base });
}

/** The MAC address of an IPv4 endpoint: 02:42 and the four bytes of the address. */
export function macOf({ value }: Address): string {
  const bytes = [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString(16).padStart(2, '0'));
  return `02:42:${bytes.join(':')}`;
}

/** The link-local IPv6 address derived from a MAC address (RFC 4291, appendix A). */
export function linkLocalOf(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const group = (high: number, low: number) => ((high << 8) | low).toString(16);
  const text = `fe80::${group(a ^ 2, b)}:${group(c, 0xff)}:${group(0xfe, d)}:${group(e, f)}`;
  return formatAddress(parseAddress(text));
}
