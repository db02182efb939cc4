import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';

/** The daemon's default address. */
const DEFAULT_HOST = 'unix:///run/barge.sock';

interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Whether the daemon's certificate must be one that the CA signed. */
  readonly verify: boolean;
}

interface UnixEndpoint {
  readonly kind: 'unix';
  readonly url: string;
  readonly path: string;
}

export interface TcpEndpoint {
  readonly kind: 'tcp';
  readonly url: string;
  readonly hostname: string;
  readonly port: number;
  readonly tls?: TlsMaterial;
}

/** A daemon behind the system's `ssh`. */
export interface SshEndpoint {
  readonly kind: 'ssh';
  readonly url: string;
  readonly hostname: string;
  readonly user?: string;
  readonly port?: number;
  /** The daemon's unix socket on the remote host, when it is not the default. */
  readonly socket?: string;
}

/** A daemon's address, ready to connect to. `url` is for messages. */
export type Endpoint = UnixEndpoint | TcpEndpoint | SshEndpoint;

export interface EndpointOptions {
  readonly host?: string;
  readonly tls?: boolean;
  readonly tlsVerify?: boolean;
  readonly tlsCaCert?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The flags override `BARGE_HOST`, which overrides `DOCKER_HOST`, which overrides the default socket.
 * @throws BargeError invalid-parameter for an address of another form.
 */
export function resolveEndpoint(options: EndpointOptions, env: Environment): Endpoint {
  const url = options.host || hostOfEnvironment(env) || DEFAULT_HOST;
  const address = parseAddress(url);
  if (address.kind !== 'tcp') return address;
  const secure = url.startsWith('https:') ? { ...options, tls: true } : options;
  return withTls(address, readTls(secure, env));
}

/** The daemon's address from the environment, '' without one. */
export function hostOfEnvironment(env: Environment): string {
  return env.BARGE_HOST || env.DOCKER_HOST || '';
}

/** @param tls undefined for a connection without TLS */
export function withTls(address: TcpEndpoint, tls: TlsMaterial | undefined): TcpEndpoint {
  const port = address.port === 0 ? (tls ? 2376 : 2375) : address.port;
  return { ...address, port, ...(tls ? { tls } : {}) };
}

/** Parses an address; a missing port is 0. @throws BargeError invalid-parameter. */
export function parseAddress(url: string): Endpoint {
  const unix = /^(?:unix:\/\/)?(\/.*)$/.exec(url);
  if (unix?.[1]) return { kind: 'unix', url: `unix://${unix[1]}`, path: unix[1] };
  if (url.startsWith('ssh://')) return parseSsh(url);
  const tcp = /^(?:tcp|http|https):\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?\/?$/.exec(url);
  if (!tcp?.[1]) {
    throw invalidParameter(
      `unable to parse docker host \`${url}\`: want unix:///path, tcp://host:port or ssh://user@host`,
    );
  }
  return { kind: 'tcp', url, hostname: tcp[1].replace(/^\[|\]$/g, ''), port: Number(tcp[2] ?? 0) };
}

/** `ssh://[user@]host[:port][/path/of/the/socket]`. A name that ssh would parse as an option is rejected. */
function parseSsh(url: string): SshEndpoint {
  const form = /^ssh:\/\/(?:([^@/?#]+)@)?(\[[0-9a-fA-F:.]+\]|[^:/@?#[\]]+)(?::(\d{1,5}))?(\/[^?#]*)?$/;
  const [, user, host = '', port, socket = '/'] = form.exec(url) ?? [];
  if (host === '' || host.startsWith('-') || user?.startsWith('-')) {
    throw invalidParameter(`unable to parse docker host \`${url}\`: want ssh://[user@]host[:port][/socket]`);
  }
  if (user?.includes(':')) {
    throw invalidParameter(`plain-text password is not supported in ${url.replace(/:[^:@]*@/, ':…@')}`);
  }
  return {
    kind: 'ssh',
    url,
    hostname: host.replace(/^\[|\]$/g, ''),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(socket === '/' ? {} : { socket }),
  };
}

function readTls(options: EndpointOptions, env: Environment): TlsMaterial | undefined {
  const verify = options.tlsVerify ?? Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !options.tls && !env.DOCKER_TLS) return undefined;
  const directory = env.DOCKER_CERT_PATH || env.DOCKER_CONFIG || join(homedir(), '.docker');
  const ca = readMaterial(options.tlsCaCert, join(directory, 'ca.pem'), verify);
  const cert = readMaterial(options.tlsCert, join(directory, 'cert.pem'), false);
  const key = readMaterial(options.tlsKey, join(directory, 'key.pem'), false);
  return { verify, ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}

/** A file named by a flag must be readable; a file at the default path may be missing unless it is required. */
function readMaterial(named: string | undefined, usual: string, needed: boolean): Buffer | undefined {
  const path = named || usual;
  try {
    return readFileSync(path);
  } catch (cause) {
    if (!named && !needed) return undefined;
    throw invalidParameter(`could not read the TLS file ${path}`, { cause });
  }
}
