import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { AnswerCache } from './cache.ts';
import { isTruncated, type Query, RCODE, rcodeOf } from './message.ts';
import { frame, frames } from './tcp.ts';

const PATIENCE_MS = 2000;
const MAX_UNDER_WAY = 1024;

/** Queries other name servers, one after the other, and caches their answers. */
export class Upstream {
  readonly #cache = new AnswerCache();
  #underWay = 0;

  /**
   * @param message the query as received.
   * @param tcp whether the client accepts answers of any length.
   * @returns undefined when no server answered.
   */
  async ask(
    servers: readonly string[],
    message: Buffer,
    query: Query,
    tcp: boolean,
  ): Promise<Buffer | undefined> {
    const key = `${servers.join()} ${tcp} ${message.subarray(2).toString('latin1').toLowerCase()}`;
    const cached = this.#cache.get(key, query.id);
    if (cached) return cached;
    if (this.#underWay >= MAX_UNDER_WAY) return undefined;
    this.#underWay++;
    try {
      const answer = await this.#askAll(servers, message, tcp);
      if (answer && !isTruncated(answer)) this.#cache.put(key, answer);
      return answer;
    } finally {
      this.#underWay--;
    }
  }

  /** The next server is tried after one that fails or does not answer; the last failure is better than no answer. */
  async #askAll(servers: readonly string[], message: Buffer, tcp: boolean): Promise<Buffer | undefined> {
    let last: Buffer | undefined;
    for (const server of servers) {
      const answer = await (tcp ? askByTcp(server, message) : askByUdp(server, message)).catch(
        () => undefined,
      );
      if (!answer) continue;
      last = answer;
      if (rcodeOf(answer) === RCODE.ok || rcodeOf(answer) === RCODE.nameError) return answer;
    }
    return last;
  }
}

/** `address` or `address#port`. */
function endpointOf(server: string): { host: string; port: number } {
  const [host = '', port = '53'] = server.split('#');
  return { host, port: Number(port) };
}

/** Uses a new port for each query, so that no other answer is mistaken for its answer. */
function askByUdp(server: string, message: Buffer): Promise<Buffer> {
  const { host, port } = endpointOf(server);
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new Error(`${server} does not answer`))), PATIENCE_MS);
    socket.once('error', (error) => finish(() => reject(error)));
    socket.on('message', (answer) => {
      if (isResponseTo(message, answer)) finish(() => resolve(answer));
    });
    socket.connect(port, host, () => socket.send(message));
  });
}

function askByTcp(server: string, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(endpointOf(server), () => socket.write(frame(message)));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`${server} does not answer`)));
    socket.on('error', reject).on('close', () => reject(new Error(`${server} closed the connection`)));
    frames(socket, (answer) => {
      if (!isResponseTo(message, answer)) return;
      resolve(answer);
      socket.destroy();
    });
  });
}

/** Whether it is marked as an answer and has the query's id and question. */
function isResponseTo(message: Buffer, answer: Buffer): boolean {
  if (answer.length < 12 || (answer.readUInt16BE(2) & 0x8000) === 0) return false;
  return answer.readUInt16BE(0) === message.readUInt16BE(0);
}
