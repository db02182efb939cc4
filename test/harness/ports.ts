import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { ROOT } from './daemon.ts';
import { type Running, start } from './execute.ts';

/** Connects, sends `text`, and gives all that comes until the other side closes. */
export async function askTcp(host: string, port: number, text: string): Promise<string> {
  const socket = connect({ host, port });
  socket.setTimeout(5000, () => socket.destroy(new Error(`no answer from ${host}:${port}`)));
  socket.write(text);
  let response = '';
  for await (const chunk of socket) response += chunk;
  return response;
}

/** Sends a datagram and gives the first that comes back. */
export async function askUdp(host: string, port: number, text: string): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.send(text, port, host);
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(3000) });
    return String(message);
  } finally {
    socket.close();
  }
}

const UDP_ECHO = `const s = require('node:dgram').createSocket('udp4');
s.on('message', (m, from) => s.send('echo ' + m, from.port, from.address));
s.bind(Number(process.argv[1]), () => console.log('ready'));`;

/** Answers datagrams inside the network namespace of process `pid`; busybox has no program for it. */
export async function startUdpEcho(pid: number, port: number): Promise<Running> {
  const node = [process.execPath, '-e', UDP_ECHO, `${port}`];
  const echo = start(['nsenter', '-t', `${pid}`, '-n', ...node], { cwd: ROOT });
  await once(echo.child.stdout!, 'data', { signal: AbortSignal.timeout(5000) });
  return echo;
}

/** A TCP port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
