import { readFileSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** A resolver on the host's loopback, such as systemd-resolved's stub, cannot be reached from a container. */
const SYSTEMD_RESOLVED = '/run/systemd/resolve/resolv.conf';
const FALLBACK_SERVERS = ['8.8.8.8', '8.8.4.4'];

export interface ResolverWish {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

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

/** The resolv.conf of a container: the host's, with what `--dns*` asks for in its place. */
export function resolvConf(wish: ResolverWish, hostNetwork: boolean): string {
  let host = read('/etc/resolv.conf');
  if (!hostNetwork && linesOf(host, 'nameserver').every(isLoopback)) host = read(SYSTEMD_RESOLVED) || host;
  const reachable = linesOf(host, 'nameserver').filter((server) => hostNetwork || !isLoopback(server));
  const servers =
    wish.servers.length > 0 ? wish.servers : reachable.length > 0 ? reachable : FALLBACK_SERVERS;
  const search =
    wish.search.length > 0 ? wish.search.filter((name) => name !== '.') : linesOf(host, 'search');
  const options = wish.options.length > 0 ? wish.options : linesOf(host, 'options');
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}
