import type { PortSummary } from '../../spec/engine.ts';

interface Group {
  readonly ip: string;
  readonly type: string;
  /** Undefined for ports that are exposed only. */
  readonly publicStart: number | undefined;
  readonly start: number;
  end: number;
}

/** The PORTS cell: `0.0.0.0:80-81->80-81/tcp, 9000/tcp`; neighbouring ports are drawn together. */
export function formatPorts(ports: readonly PortSummary[]): string {
  const groups: Group[] = [];
  for (const port of [...ports].sort(compare)) {
    const last = groups.at(-1);
    if (last && continues(last, port)) last.end = port.PrivatePort;
    else {
      groups.push({
        ip: port.IP ?? '',
        type: port.Type,
        publicStart: port.PublicPort || undefined,
        start: port.PrivatePort,
        end: port.PrivatePort,
      });
    }
  }
  return groups.map(formatGroup).join(', ');
}

/** Ranges grow only where the public port is the private one, as docker draws them. */
function continues(group: Group, port: PortSummary): boolean {
  const samePlace = group.ip === (port.IP ?? '') && group.type === port.Type;
  if (!samePlace || port.PrivatePort !== group.end + 1) return false;
  if (group.publicStart === undefined) return !port.PublicPort;
  return group.publicStart === group.start && port.PublicPort === port.PrivatePort;
}

function compare(a: PortSummary, b: PortSummary): number {
  const byIp = (a.IP ?? '').localeCompare(b.IP ?? '');
  return (
    byIp ||
    a.Type.localeCompare(b.Type) ||
    a.PrivatePort - b.PrivatePort ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0)
  );
}

function formatGroup({ ip, type, publicStart, start, end }: Group): string {
  const inside = start === end ? `${start}` : `${start}-${end}`;
  if (publicStart === undefined) return `${inside}/${type}`;
  const publicEnd = publicStart + end - start;
  const outside = publicStart === publicEnd ? `${publicStart}` : `${publicStart}-${publicEnd}`;
  const address = ip.includes(':') ? `[${ip}]` : ip;
  return `${address === '' ? '' : `${address}:`}${outside}->${inside}/${type}`;
}
