import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on loopback that responds as scripted by a test, correctly or not. */
export interface ScriptedServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  /** Requests so far, except for those to `/v2/`. */
  readonly requests: readonly IncomingMessage[];
}

export type Script = (request: IncomingMessage, response: ServerResponse) => unknown;

/** `GET /v2/` gets status 200 unless `answersRoot` leaves it to the script. */
export async function startScript(script: Script, { answersRoot = false } = {}): Promise<ScriptedServer> {
  const requests: IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    if (request.url === '/v2/' && !answersRoot) {
      response.end('{}');
      return;
    }
    if (request.url !== '/v2/') requests.push(request);
    script(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
