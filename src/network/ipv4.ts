import { invalidParameter } from '../core/errors.ts';

/** An IPv4 network in CIDR form; addresses are unsigned 32-bit numbers. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
}

export function parseAddress(text: string): number {
  const parts = text.split('.').map(Number);
  const valid =
    parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256);
  if (!valid) throw invalidParameter(`invalid IPv4 address: ${text}`);
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** @throws BargeError invalid-parameter for anything but `a.b.c.d/n` with n from 8 to 30. */
export function parseSubnet(text: string): Subnet {
  const [address = '', prefixText = ''] = text.split('/');
  const prefix = Number(prefixText);
  if (!Number.isInteger(prefix) || prefix < 8 || prefix > 30) {
    throw invalidParameter(`invalid subnet ${text}: want address/prefix with a prefix from 8 to 30`);
  }
  const mask = (0xffffffff << (32 - prefix)) >>> 0;
  return { base: (parseAddress(address) & mask) >>> 0, prefix };
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatAddress(base)}/${prefix}`;
}

export function sizeOf({ prefix }: Subnet): number {
  return 2 ** (32 - prefix);
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address < subnet.base + sizeOf(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, b.base) || contains(b, a.base);
}

/** The hardware address Docker gives an IPv4 endpoint: 02:42 and the four bytes of the address. */
export function macOf(address: number): string {
  const bytes = [24, 16, 8, 0].map((shift) => ((address >>> shift) & 255).toString(16).padStart(2, '0'));
  return `02:42:${bytes.join(':')}`;
}
