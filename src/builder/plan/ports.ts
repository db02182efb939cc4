import { invalidParameter } from '../../core/errors.ts';

const PROTOCOLS = ['tcp', 'udp', 'sctp'];
const MAX_PORT = 65535;

/**
 * The ports `80/tcp`, … of one argument of EXPOSE: a port or a range, with a protocol. A preceding host address or host
 * port is accepted and ignored, as in Docker.
 */
export function exposedPorts(spec: string): string[] {
  const [ports = '', protocol = 'tcp'] = spec.slice(spec.lastIndexOf(':') + 1).split('/');
  if (ports === '') throw invalidParameter(`no port specified: ${spec}<empty>`);
  const proto = protocol.toLowerCase() || 'tcp';
  if (!PROTOCOLS.includes(proto)) throw invalidParameter(`invalid proto: ${proto}`);
  const range = /^(\d+)(?:-(\d+))?$/.exec(ports);
  const start = Number(range?.[1]);
  const end = Number(range?.[2] ?? range?.[1]);
  if (!range || end > MAX_PORT || end < start) throw invalidParameter(`invalid containerPort: ${ports}`);
  return Array.from({ length: end - start + 1 }, (_, index) => `${start + index}/${proto}`);
}
