import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { systemError } from '../../src/core/errors.ts';

/** A client of the Engine API over a single connection, with one request at a time. */
export class EngineClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** @returns the response's JSON. @throws BargeError system for any status but 2xx and 304. */
  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const sent = request({
      socketPath: this.#socketPath,
      agent: this.#agent,
      method,
      path,
      headers: {
        host: 'bench',
        'content-length': Buffer.byteLength(text),
        ...(text && { 'content-type': 'application/json' }),
      },
    });
    sent.end(text);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const said = await textOf(response);
    const { statusCode = 0 } = response;
    if ((statusCode < 200 || statusCode > 299) && statusCode !== 304)
      throw systemError(`${method} ${path} failed with status ${statusCode}: ${said.trim()}`);
    return said === '' ? undefined : JSON.parse(said);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return Buffer.concat(parts).toString();
}
