import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { conflict, errnoOf, systemError } from '../core/errors.ts';

/** A host port held for a container, so that nobody else takes it and IPv6 loopback finds it. */
export interface HeldPort extends Disposable {
  readonly port: number;
}

export interface PortWish {
  readonly protocol: string;
  /** Empty: all addresses. */
  readonly hostAddress: string;
  /** 0: any free one. */
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/**
 * Binds a host port. The kernel translates connections before they reach this socket; what does reach it
 * (IPv6, above all `[::1]`) is passed on to the container.
 * @throws BargeError conflict naming the holder when the port is taken.
 */
export async function holdPort(wish: PortWish): Promise<HeldPort> {
  if (wish.protocol === 'tcp') return await holdTcp(wish);
  if (wish.protocol === 'udp') return await holdUdp(wish);
  return { port: wish.hostPort, [Symbol.dispose]: () => {} };
}

async function holdTcp(wish: PortWish): Promise<HeldPort> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = createConnection({ host: wish.address, port: wish.port, allowHalfOpen: true });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await listen(server, wish);
  server.unref();
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : wish.hostPort;
  return { port, [Symbol.dispose]: () => void server.close() };
}

function listen(server: Server, wish: PortWish): Promise<void> {
  const tryHost = (host: string) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: wish.hostPort }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  if (wish.hostAddress) return tryHost(wish.hostAddress).catch((error) => refuse(error, wish));
  return tryHost('::')
    .catch((error) => {
      if (errnoOf(error) !== 'EAFNOSUPPORT' && errnoOf(error) !== 'EADDRNOTAVAIL') throw error;
      return tryHost('0.0.0.0');
    })
    .catch((error) => refuse(error, wish));
}

async function holdUdp(wish: PortWish): Promise<HeldPort> {
  const socket = createSocket({ type: 'udp4', reuseAddr: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: wish.hostAddress || '0.0.0.0', port: wish.hostPort, exclusive: true }, resolve);
  }).catch((error) => {
    socket.close();
    refuse(error, wish);
  });
  socket.unref();
  return { port: (socket as DatagramSocket).address().port, [Symbol.dispose]: () => void socket.close() };
}

function refuse(error: unknown, wish: PortWish): never {
  const at = `${wish.hostAddress || '0.0.0.0'}:${wish.hostPort}`;
  if (errnoOf(error) !== 'EADDRINUSE') {
    throw systemError(`failed to bind host port ${at}/${wish.protocol}: ${errnoOf(error)}`, { cause: error });
  }
  const holder = portHolder(wish.protocol, wish.hostPort);
  throw conflict(
    `failed to bind host port for ${at}:${wish.address}:${wish.port}/${wish.protocol}: address already in use${holder ? ` by ${holder}` : ''}`,
  );
}

/** `name (pid N)` of the process that listens on a port of this host, as far as /proc tells. */
function portHolder(protocol: string, port: number): string | undefined {
  const inodes = new Set(
    [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap((file) => socketInodes(file, port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holdsOneOf(pid, inodes)) {
      return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
    }
  }
  return undefined;
}

function socketInodes(file: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${wanted}`) && /^0{8}(0{24})?:0000$/.test(fields[2] ?? ''))
      .map((fields) => fields[9] ?? '');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function holdsOneOf(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false; /* it ended, or is not ours to look at */
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
