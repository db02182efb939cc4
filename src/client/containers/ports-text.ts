import type { PortSummary } from '../../api/engine/networks.ts';

interface Range {
  readonly prefix: string;
  readonly type: string;
  readonly first: number;
  last: number;
}

/**
 * The PORTS cell: `443-444/tcp, 0.0.0.0:9000-9002->9000-9002/tcp, 127.0.0.1:8080->80/tcp`. As in docker, runs of ports
 * with the same number on the host are merged, and mappings to other numbers come last.
 */
export function formatPorts(ports: readonly PortSummary[]): string {
  const closed: string[] = [];
  const open = new Map<string, Range>();
  const moved: string[] = [];
  for (const { IP = '', PrivatePort, PublicPort = 0, Type } of [...ports].sort(compare)) {
    if (IP !== '' && PublicPort !== PrivatePort) {
      moved.push(`${address(IP)}:${PublicPort}->${PrivatePort}/${Type}`);
      continue;
    }
    const key = `${IP}/${Type}`;
    const range = open.get(key);
    if (range?.last === PrivatePort - 1) range.last = PrivatePort;
    else {
      if (range) closed.push(formatRange(range));
      open.set(key, { prefix: IP, type: Type, first: PrivatePort, last: PrivatePort });
    }
  }
  return [...closed, ...[...open.values()].map(formatRange), ...moved].join(', ');
}

function compare(a: PortSummary, b: PortSummary): number {
  const byIp = (a.IP ?? '') < (b.IP ?? '') ? -1 : Number((a.IP ?? '') > (b.IP ?? ''));
  const byPublic = (a.PublicPort ?? 0) - (b.PublicPort ?? 0);
  return a.PrivatePort - b.PrivatePort || byIp || byPublic || (a.Type < b.Type ? -1 : 1);
}

function formatRange({ prefix, type, first, last }: Range): string {
  const numbers = first === last ? `${first}` : `${first}-${last}`;
  return prefix === '' ? `${numbers}/${type}` : `${address(prefix)}:${numbers}->${numbers}/${type}`;
}

const address = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);
