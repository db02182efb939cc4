import type { NamespaceSockets } from '../../host/networking.ts';
import { parseAddress } from '../ip.ts';
import { type NameDirectory, type NameEntry, reverseAddress } from './directory.ts';
import {
  type AnswerRecord,
  encodeAnswer,
  encodeName,
  parseQuery,
  type Query,
  RCODE,
  TYPE,
  truncate,
} from './message.ts';
import { frame, frames } from './tcp.ts';
import type { Upstream } from './upstream.ts';

/** Docker's TTL for the names of containers. */
const TTL_SECONDS = 600;
const MAX_TCP_CLIENTS = 64;
const TCP_IDLE_MS = 10_000;
/** Maximum concurrent queries of one container to other servers: each uses a socket of the daemon. */
const MAX_FORWARDED = 128;

/** The names that one container can resolve. */
export interface NameView {
  /** The container's networks, the one with the default route first. */
  readonly networks: readonly string[];
  /** Targets of links, by alias in lower case. */
  readonly links: ReadonlyMap<string, string>;
  /** Servers for all other names; empty: queries for them are refused. */
  readonly servers: readonly string[];
}

/** The name server that one container finds at 127.0.0.11. */
export class NameServer implements Disposable {
  readonly #sockets: NamespaceSockets;
  readonly #directory: NameDirectory;
  readonly #upstream: Pick<Upstream, 'ask'>;
  #view: NameView;
  #turn = 0;
  #forwarded = 0;
  #closed = false;

  constructor(
    sockets: NamespaceSockets,
    directory: NameDirectory,
    upstream: Pick<Upstream, 'ask'>,
    view: NameView,
  ) {
    this.#sockets = sockets;
    this.#directory = directory;
    this.#upstream = upstream;
    this.#view = view;
    this.#listen();
  }

  set view(view: NameView) {
    this.#view = view;
  }

  get ports(): { udp: number; tcp: number } {
    const { udp, tcp } = this.#sockets;
    const address = tcp.address();
    return { udp: udp.address().port, tcp: typeof address === 'object' && address ? address.port : 0 };
  }

  #listen(): void {
    const { udp, tcp } = this.#sockets;
    udp.unref().on('error', () => {}); /* the namespace may disappear first */
    udp.on('message', (message, from) => {
      void this.#answer(message, false).then((answer) => {
        /* The container may have exited while other servers were queried; a closed socket throws. */
        if (answer && !this.#closed) udp.send(answer, from.port, from.address, () => {});
      });
    });
    tcp.unref().on('error', () => {});
    tcp.maxConnections = MAX_TCP_CLIENTS;
    tcp.on('connection', (socket) => {
      socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
      socket.on('error', () => {}).unref();
      frames(socket, (message) => {
        void this.#answer(message, true).then((answer) => {
          if (answer && !socket.destroyed) socket.write(frame(answer));
        });
      });
    });
  }

  async #answer(message: Buffer, tcp: boolean): Promise<Buffer | undefined> {
    const query = parseQuery(message);
    if (!query) return undefined;
    if (query.opcode !== 0) return encodeAnswer(query, RCODE.notImplemented, []);
    const own = this.#own(query);
    const answer = own ? encodeAnswer(query, RCODE.ok, own) : await this.#forward(message, query, tcp);
    return tcp ? answer : truncate(answer, query, query.udpSize);
  }

  async #forward(message: Buffer, query: Query, tcp: boolean): Promise<Buffer> {
    const { servers } = this.#view;
    const refused = () => encodeAnswer(query, RCODE.serverFailure, []);
    if (servers.length === 0 || this.#forwarded >= MAX_FORWARDED) return refused();
    this.#forwarded++;
    try {
      return (await this.#upstream.ask(servers, message, query, tcp)) ?? refused();
    } finally {
      this.#forwarded--;
    }
  }

  /** @returns undefined when the name is not a container's. */
  #own(query: Query): AnswerRecord[] | undefined {
    const { networks } = this.#view;
    if (query.type === TYPE.PTR) return this.#reverse(query);
    const name = query.name.replace(/\.$/, '');
    const linked = this.#view.links.get(name.toLowerCase());
    const entries = linked ? this.#directory.find(networks, linked) : this.#directory.find(networks, name);
    if (entries.length === 0) return undefined;
    const records = recordsOf(entries, query.type);
    return records.length > 1 ? rotate(records, this.#turn++) : records;
  }

  #reverse({ name }: Query): AnswerRecord[] | undefined {
    const address = reverseAddress(name);
    const target = address && this.#directory.nameOf(this.#view.networks, address);
    return target ? [{ type: TYPE.PTR, ttl: TTL_SECONDS, data: encodeName(target) }] : undefined;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#sockets.udp.close();
    this.#sockets.tcp.close();
  }
}

function recordsOf(entries: readonly NameEntry[], type: number): AnswerRecord[] {
  const wanted = (mine: number) => type === mine || type === TYPE.ANY;
  const record = (mine: number, text: string, bytes: number): AnswerRecord[] =>
    text && wanted(mine) ? [{ type: mine, ttl: TTL_SECONDS, data: addressBytes(text, bytes) }] : [];
  return entries.flatMap(({ ipv4, ipv6 }) => [...record(TYPE.A, ipv4, 4), ...record(TYPE.AAAA, ipv6, 16)]);
}

function addressBytes(text: string, length: number): Buffer {
  return Buffer.from(
    parseAddress(text)
      .value.toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );
}

/** Rotates several addresses, so that each answer begins with a different one. */
function rotate<T>(items: readonly T[], turn: number): T[] {
  const start = turn % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
