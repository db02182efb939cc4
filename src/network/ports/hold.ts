import { createSocket, type Socket } from 'node:dgram';
import { createConnection, createServer, type Server } from 'node:net';
import { conflict, errnoOf, systemError } from '../../core/errors.ts';
import { portHolder } from './holder.ts';
import { relayDatagrams } from './relay.ts';

/** A host port bound for a container: no other process can bind it, and traffic that the kernel does not translate is relayed. */
export interface HeldPort extends Disposable {
  readonly port: number;
}

export interface PortRequest {
  readonly protocol: string;
  /** An address of the host; `0.0.0.0` and `::` stand for all addresses of a family. */
  readonly hostAddress: string;
  /** 0: any free port. */
  readonly hostPort: number;
  /** The container's. */
  readonly address: string;
  readonly port: number;
  /** Whether to relay traffic, or only to reserve the port. */
  readonly relay: boolean;
}

/**
 * Binds a host port. The kernel translates connections before they reach this socket; those that do reach it
 * (mainly on `[::1]`, and IPv6 for a container without it) are relayed to the container.
 * @throws BargeError conflict naming the holder when the port is taken.
 */
export async function holdPort(request: PortRequest): Promise<HeldPort> {
  if (request.protocol === 'tcp') return await holdTcp(request);
  if (request.protocol === 'udp') return await holdUdp(request);
  return { port: request.hostPort, [Symbol.dispose]: () => {} };
}

async function holdTcp(request: PortRequest): Promise<HeldPort> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (!request.relay) return void client.destroy();
    const upstream = createConnection({ host: request.address, port: request.port, allowHalfOpen: true });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await listen(server, request);
  server.unref();
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : request.hostPort;
  return { port, [Symbol.dispose]: () => void server.close() };
}

function listen(server: Server, request: PortRequest): Promise<void> {
  const { hostAddress: host, hostPort: port } = request;
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject);
      server.on('error', () => {}); /* a failed connection does not close the port */
      resolve();
    });
  }).catch((error) => refuse(error, request));
}

async function holdUdp(request: PortRequest): Promise<HeldPort> {
  const { hostAddress: address, hostPort: port } = request;
  const ipv6 = address.includes(':');
  const socket: Socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, resolve);
  }).catch((error) => {
    socket.close();
    refuse(error, request);
  });
  socket.unref();
  const relay = request.relay
    ? relayDatagrams(socket, { address: request.address, port: request.port })
    : undefined;
  if (!relay) socket.on('error', () => {});
  return {
    port: socket.address().port,
    [Symbol.dispose]: () => {
      relay?.[Symbol.dispose]();
      socket.close();
    },
  };
}

function refuse(error: unknown, request: PortRequest): never {
  const at = `${inBrackets(request.hostAddress)}:${request.hostPort}`;
  if (errnoOf(error) !== 'EADDRINUSE') {
    throw systemError(`failed to bind host port ${at}/${request.protocol}: ${errnoOf(error)}`, {
      cause: error,
    });
  }
  const holder = portHolder(request.protocol, request.hostPort);
  throw conflict(
    `failed to bind host port for ${at}:${request.address}:${request.port}/${request.protocol}: address already in use${holder ? ` by ${holder}` : ''}`,
  );
}

export const inBrackets = (address: string) => (address.includes(':') ? `[${address}]` : address);
