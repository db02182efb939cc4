import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { invalidParameter } from '../core/errors.ts';

const told = new WeakMap<IncomingMessage, string>();

/** The client's address, as far as proxies are trusted; empty when the connection has been closed. */
export function clientAddress(request: IncomingMessage): string {
  return told.get(request) ?? plain(request.socket.remoteAddress ?? '');
}

/**
 * The client is the last address of `X-Forwarded-For` that is not a trusted proxy's.
 * Addresses that the client itself wrote are further left.
 */
export function resolveClientAddress(request: IncomingMessage, trusted: BlockList): void {
  let address = plain(request.socket.remoteAddress ?? '');
  const named = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  while (isIn(trusted, address)) {
    const before = plain((named.pop() ?? '').trim());
    if (!isIP(before)) break;
    address = before;
  }
  told.set(request, address);
}

/** @param text addresses and CIDR blocks, separated by commas. @throws BargeError invalid-parameter. */
export function parseTrustedProxies(text: string): BlockList {
  const list = new BlockList();
  for (const entry of text.split(',')) {
    const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry.trim()) ?? [];
    const version = isIP(address);
    const bits = version === 6 ? 128 : 32;
    const prefix = Number(length ?? bits);
    if (version === 0 || prefix > bits) {
      throw invalidParameter(
        `invalid --trusted-proxies "${entry.trim()}": want addresses or blocks, such as 10.0.0.1,fd00::/8`,
      );
    }
    list.addSubnet(address, prefix, family(address));
  }
  return list;
}

const isIn = (list: BlockList, address: string): boolean =>
  isIP(address) !== 0 && list.check(address, family(address));

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Normalises an address: IPv4 on a dual-stack socket becomes plain IPv4, without brackets or a port. */
const plain = (address: string): string =>
  address
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/^::ffff:(?=\d+\.)/i, '');
