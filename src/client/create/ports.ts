import type { PortBinding } from '../../api/engine/networks.ts';
import { invalidParameter } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);
const MAX_PORT = 65_535;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The ports of `-p` and `--expose`, in the API's shape. */
interface PublishedPorts {
  readonly exposed: Record<string, Record<string, never>>;
  readonly bindings: Record<string, PortBinding[]>;
}

/**
 * Reads `--publish` values: `[[ip:]hostPort:]containerPort[/proto]` with ranges and bracketed IPv6 addresses, or
 * `published=…,target=…,protocol=…`.
 * @throws BargeError invalid-parameter in docker's words.
 */
export function parsePublished(specs: readonly string[], expose: readonly string[]): PublishedPorts {
  const ports: PublishedPorts = { exposed: {}, bindings: {} };
  for (const spec of specs) publish(ports, spec.includes('=') ? fromPairs(spec) : spec);
  for (const spec of expose) exposeOnly(ports, spec);
  return ports;
}

function fromPairs(spec: string): string {
  const pairs = new Map(spec.split(',').map(splitPair));
  const target = pairs.get('target');
  for (const key of pairs.keys()) {
    if (!['target', 'published', 'protocol', 'mode', 'name'].includes(key)) {
      throw invalidParameter(`invalid publish opts format (unexpected key '${key}' in '${spec}')`);
    }
  }
  if (!target) throw invalidParameter(`invalid publish opts format (no target in '${spec}')`);
  return `${pairs.get('published') ?? ''}:${target}/${pairs.get('protocol') ?? 'tcp'}`;
}

function publish(ports: PublishedPorts, spec: string): void {
  const slash = spec.lastIndexOf('/');
  const protocol = (slash === -1 ? 'tcp' : spec.slice(slash + 1)).toLowerCase();
  const { ip, host, container } = splitAddress(slash === -1 ? spec : spec.slice(0, slash));
  if (container === '') throw invalidParameter(`no port specified: ${spec}<empty>`);
  const inside = parseRange(container, () => `invalid containerPort: ${container}`);
  const outside = host === '' ? undefined : parseRange(host, () => `invalid hostPort: ${host}`);
  if (!PROTOCOLS.has(protocol)) throw invalidParameter(`invalid proto: ${protocol}`);
  const sameLength = outside && sizeOf(outside) === sizeOf(inside);
  if (outside && !sameLength && sizeOf(inside) !== 1) {
    throw invalidParameter(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
  for (let port = inside.start; port <= inside.end; port++) {
    const hostPort = !outside ? '' : sameLength ? String(outside.start + port - inside.start) : host;
    const key = `${port}/${protocol}`;
    ports.exposed[key] = {};
    ports.bindings[key] = [...(ports.bindings[key] ?? []), { HostIp: ip, HostPort: hostPort }];
  }
}

/** Cuts `[ip:]host:container` apart; missing parts are ''. */
function splitAddress(text: string): { ip: string; host: string; container: string } {
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(text);
  if (bracketed) {
    const rest = splitAddress(bracketed[2] ?? '');
    return { ...rest, ip: checkIp(bracketed[1] ?? '') };
  }
  const parts = text.split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const ip = parts.join(':');
  return { ip: ip === '' ? '' : checkIp(ip), host, container };
}

function checkIp(text: string): string {
  if (!isIp(text)) throw invalidParameter(`invalid IP address: ${text}`);
  return text;
}

/** Whether `text` is an IPv4 or IPv6 address. */
export function isIp(text: string): boolean {
  const quad = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (quad) return quad.slice(1).every((part) => Number(part) <= 255);
  if (!/^[0-9a-fA-F:]+(?:\d{1,3}(?:\.\d{1,3}){3})?(?:%\w+)?$/.test(text)) return false;
  const groups = text.split(':');
  return (
    groups.length >= 3 &&
    groups.length <= 8 &&
    groups.every((group) => group.length <= 4 || group.includes('.'))
  );
}

function parseRange(text: string, complaint: () => string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const start = Number(match?.[1]);
  const end = match?.[2] === undefined ? start : Number(match[2]);
  if (!match || start > MAX_PORT || end > MAX_PORT || end < start) throw invalidParameter(complaint());
  return { start, end };
}

const sizeOf = (range: Range) => range.end - range.start + 1;

function exposeOnly(ports: PublishedPorts, spec: string): void {
  if (spec.includes(':')) throw invalidParameter(`invalid port format for --expose: ${spec}`);
  const [range = '', protocol = 'tcp'] = spec.split('/');
  const { start, end } = parseRange(
    range,
    () =>
      `invalid range format for --expose: ${spec}, error: strconv.ParseUint: parsing "${range}": invalid syntax`,
  );
  if (!PROTOCOLS.has(protocol.toLowerCase())) throw invalidParameter(`invalid proto: ${protocol}`);
  for (let port = start; port <= end; port++) ports.exposed[`${port}/${protocol.toLowerCase()}`] = {};
}
