import { chmodSync, chownSync, existsSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { conflict, errnoOf, invalidParameter, systemError } from '../core/errors.ts';
import { PLAIN_PORT, TLS_PORT } from './options/hosts.ts';
import type { TlsOptions } from './options.ts';

interface ListenOptions {
  readonly group: string;
  readonly tls: TlsOptions | undefined;
  readonly warn: (message: string) => void;
}

/** Makes `api` serve what comes in at `host`. @returns the listening socket and its address as clients write it. */
export async function listenAt(
  api: HttpServer,
  host: string,
  options: ListenOptions,
): Promise<{ server: Server; address: string }> {
  const [scheme, rest = ''] = (host.includes('://') ? host : `tcp://${host}`).split('://', 2);
  const accept = (socket: Socket) => void api.emit('connection', socket);
  if (scheme === 'unix' && rest) {
    const server = createServer({ allowHalfOpen: true }, accept);
    await listenUnix(server, rest, options.group);
    return { server, address: `unix://${rest}` };
  }
  if (scheme === 'fd') return await listenInherited(accept, rest);
  if (scheme !== 'tcp') {
    throw invalidParameter(`invalid --host ${host}: want unix://PATH, tcp://HOST:PORT or fd://`);
  }
  const match = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(rest);
  if (!match) throw invalidParameter(`invalid --host ${host}: want tcp://HOST:PORT`);
  const wanted = Number(match[2] ?? (options.tls ? TLS_PORT : PLAIN_PORT));
  const hostname = (match[1] || '127.0.0.1').replace(/^\[|\]$/g, '');
  if (!options.tls?.ca) warnOpen(host, hostname, options);
  const server = options.tls ? tlsServer(options.tls, accept) : createServer({ allowHalfOpen: true }, accept);
  await listenTcp(server, hostname, wanted);
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : wanted;
  return { server, address: `tcp://${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}` };
}

/** Descriptors that systemd hands over begin here (sd_listen_fds(3)). */
const FIRST_INHERITED = 3;

/** The sockets that systemd has opened for this process; `fd://NAME` and `fd://N` choose one of them. */
async function listenInherited(
  accept: (socket: Socket) => void,
  request: string,
): Promise<{ server: Server; address: string }> {
  const { LISTEN_PID: pid, LISTEN_FDS: count = '0', LISTEN_FDNAMES: names = '' } = process.env;
  if (pid !== `${process.pid}` || Number(count) < 1) {
    throw invalidParameter(
      'no sockets found via socket activation: make sure the service was started by systemd',
    );
  }
  const named = names.split(':').indexOf(request);
  const fd =
    request === '' || request === '*'
      ? FIRST_INHERITED
      : named >= 0
        ? FIRST_INHERITED + named
        : Number(request);
  if (!Number.isInteger(fd) || fd < FIRST_INHERITED || fd >= FIRST_INHERITED + Number(count)) {
    throw invalidParameter(`invalid --host fd://${request}: systemd has handed over no such socket`);
  }
  const server = createServer({ allowHalfOpen: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(`fd://${request}`, error)));
    server.listen({ fd }, resolve);
  });
  return { server, address: `fd://${request}` };
}

function warnOpen(host: string, hostname: string, options: ListenOptions): void {
  const loopback = /^(127\.|::1$|localhost$)/.test(hostname);
  const reach = loopback ? 'every user of this machine' : 'everyone who can reach this address';
  options.warn(`${host} takes clients without certificates: ${reach} becomes root here. Use --tlsverify.`);
}

function tlsServer(tls: TlsOptions, accept: (socket: Socket) => void): Server {
  return createTlsServer(
    {
      cert: readFileSync(tls.cert),
      key: readFileSync(tls.key),
      allowHalfOpen: true,
      ...(tls.ca ? { ca: readFileSync(tls.ca), requestCert: true, rejectUnauthorized: true } : {}),
    },
    accept,
  );
}

async function listenTcp(server: Server, hostname: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(`tcp://${hostname}:${port}`, error)));
    server.listen({ host: hostname, port }, resolve);
  });
}

function listenFailure(address: string, error: unknown): Error {
  if (errnoOf(error) === 'EADDRINUSE')
    return conflict(`${address} is in use by another process`, { cause: error });
  return systemError(`listening on ${address} failed: ${errnoOf(error)}`, { cause: error });
}

/** A socket that a killed daemon left is replaced; one that answers belongs to another daemon. */
async function listenUnix(server: Server, path: string, group: string): Promise<void> {
  if (existsSync(path)) {
    if (await isAnswered(path)) throw conflict(`unix://${path} is in use by another daemon`);
    unlinkSync(path);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(`unix://${path}`, error)));
    const mask = process.umask(0o177);
    server.listen({ path }, resolve);
    process.umask(mask);
  });
  const gid = groupId(group);
  if (gid !== undefined) chownSync(path, 0, gid);
  chmodSync(path, 0o660);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function groupId(name: string): number | undefined {
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([group]) => group === name);
  return row ? Number(row[2]) : undefined;
}
