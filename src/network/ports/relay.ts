import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

const IDLE_MS = 90_000;
const MAX_CLIENTS = 1024;

/** Relays datagrams to a container, and its replies back to their senders. */
export function relayDatagrams(
  socket: Socket,
  target: { readonly address: string; readonly port: number },
): Disposable {
  const clients = new Map<string, { readonly upstream: Socket; readonly idle: NodeJS.Timeout }>();
  const forget = (key: string) => {
    const client = clients.get(key);
    clients.delete(key);
    clearTimeout(client?.idle);
    client?.upstream.close();
  };
  const open = (key: string, from: RemoteInfo) => {
    const upstream = createSocket(target.address.includes(':') ? 'udp6' : 'udp4').unref();
    upstream.on('error', () => forget(key));
    upstream.on('message', (response) => {
      clients.get(key)?.idle.refresh();
      socket.send(response, from.port, from.address);
    });
    const client = { upstream, idle: setTimeout(() => forget(key), IDLE_MS).unref() };
    clients.set(key, client);
    return client;
  };
  socket.on('error', () => {}); /* a reply that cannot be delivered is lost, as datagrams are */
  socket.on('message', (message, from) => {
    const key = `${from.address} ${from.port}`;
    if (!clients.has(key) && clients.size >= MAX_CLIENTS) forget(clients.keys().next().value ?? '');
    const client = clients.get(key) ?? open(key, from);
    client.idle.refresh();
    client.upstream.send(message, target.port, target.address);
  });
  return {
    [Symbol.dispose]: () => {
      for (const key of [...clients.keys()]) forget(key);
    },
  };
}
