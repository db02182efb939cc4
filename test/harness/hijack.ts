import { request } from 'node:http';
import type { Duplex } from 'node:stream';

/** Sends a request that takes its connection over (attach, exec). @throws Error for another answer than 101. */
export function hijack(socket: string, path: string, body?: unknown): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const sent = request({
      socketPath: socket,
      method: 'POST',
      path,
      agent: false,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'tcp',
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(text),
      },
    });
    sent.once('error', reject);
    sent.once('response', (response) => reject(new Error(`${path} answered ${response.statusCode}`)));
    sent.once('upgrade', (_, stream, head) => {
      if (head.length > 0) stream.unshift(head);
      resolve(stream);
    });
    sent.end(text);
  });
}
