import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Endpoint, TcpEndpoint } from './endpoint.ts';

/** Opens a connection to a daemon. It may still be connecting; a failure is emitted as its `error`. */
export async function openConnection(endpoint: Endpoint): Promise<Duplex> {
  if (endpoint.kind === 'unix') return connect({ path: endpoint.path });
  if (endpoint.kind === 'tcp') return openTcp(endpoint);
  const { openSsh } = await import('./ssh.ts');
  return openSsh(endpoint);
}

async function openTcp({ hostname: host, port, tls }: TcpEndpoint): Promise<Duplex> {
  if (!tls) return connect({ host, port });
  const { connect: connectTls } = await import('node:tls');
  const { verify, ...material } = tls;
  const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  return connectTls({ host, port, ...name, ...material, rejectUnauthorized: verify });
}
