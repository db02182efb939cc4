import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { AnswerCache } from './cache.ts';
import { isTruncated, type Query, RCODE, rcodeOf } from './message.ts';
import { frame, frames } from './tcp.ts';

const PATIENCE_MS = 2000;
const MAX_UNDER_WAY = 1024;

/** Asks other name servers, one after the other, and remembers what they said. */
export class Upstream {
  readonly #cache = new AnswerCache();
  #underWay = 0;

  /**
   * @param message the query as it came.
   * @param tcp whether the asker takes answers of any length.
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

  /** A server that fails or is silent leaves the word to the next; the last failure is better than nothing. */
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

/** From a port of its own for each question, so that nobody else's answer is taken for one. */
function askByUdp(server: string, message: Buffer): Promise<Buffer> {
  const { host, port } = endpointOf(server);
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new Error(`${server} is silent`))), PATIENCE_MS);
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
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`${server} is silent`)));
    socket.on('error', reject).on('close', () => reject(new Error(`${server} closed the connection`)));
    frames(socket, (answer) => {
      if (!isResponseTo(message, answer)) return;
      resolve(answer);
      socket.destroy();
    });
  });
}

/** The same id and question, and marked as an answer. */
function isResponseTo(message: Buffer, answer: Buffer): boolean {
  if (answer.length < 12 || (answer.readUInt16BE(2) & 0x8000) === 0) return false;
  return answer.readUInt16BE(0) === message.readUInt16BE(0);
}
