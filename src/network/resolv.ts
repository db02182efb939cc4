import { readFileSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** A resolver on the host's loopback, such as systemd-resolved's stub, cannot be reached from a container. */
const SYSTEMD_RESOLVED = '/run/systemd/resolve/resolv.conf';
const FALLBACK_SERVERS = ['8.8.8.8', '8.8.4.4'];

/** Address of our name server inside containers. */
const EMBEDDED_SERVER = '127.0.0.11';

interface ResolverOptions {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** `host`: the host's own namespace; `bridge`: other servers, directly; `embedded`: our name server. */
export type ResolverPlace = 'host' | 'bridge' | 'embedded';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

const isLoopback = (server: string) => /^(127\.|::1$)/.test(server);

function linesOf(text: string, keyword: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${keyword} `))
    .flatMap((line) => line.slice(keyword.length).trim().split(/\s+/));
}

/** The host's servers, or those of `--dns`: they are queried from the host, so servers on its loopback work, too. */
export function upstreamServers(chosen: readonly string[]): readonly string[] {
  if (chosen.length > 0) return chosen;
  const servers = linesOf(read('/etc/resolv.conf'), 'nameserver');
  return servers.length > 0 ? servers : FALLBACK_SERVERS;
}

/** The resolv.conf of a container: the host's, with the replacements that `--dns*` request. */
export function resolvConf(request: ResolverOptions, place: ResolverPlace): string {
  let host = read('/etc/resolv.conf');
  const hostNetwork = place === 'host';
  if (!hostNetwork && linesOf(host, 'nameserver').every(isLoopback)) host = read(SYSTEMD_RESOLVED) || host;
  const reachable = linesOf(host, 'nameserver').filter((server) => hostNetwork || !isLoopback(server));
  const servers =
    request.servers.length > 0 ? request.servers : reachable.length > 0 ? reachable : FALLBACK_SERVERS;
  const search =
    request.search.length > 0 ? request.search.filter((name) => name !== '.') : linesOf(host, 'search');
  const options = request.options.length > 0 ? request.options : linesOf(host, 'options');
  if (place === 'embedded') {
    /* Names with one label are resolved by our name server first, unless the user requests otherwise. */
    const dots = options.some((option) => option.startsWith('ndots:')) ? [] : ['ndots:0'];
    return text([EMBEDDED_SERVER], search, [...options, ...dots]);
  }
  return text(servers, search, options);
}

function text(servers: readonly string[], search: readonly string[], options: readonly string[]): string {
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}
