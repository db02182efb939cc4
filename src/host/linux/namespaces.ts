import type { ChildProcess } from 'node:child_process';
import { Socket as DatagramSocket } from 'node:dgram';
import { readdir } from 'node:fs/promises';
import { Server, Socket } from 'node:net';
import { constants } from 'node:os';
import { errnoOf, invalidParameter, systemError, unavailable } from '../../core/errors.ts';
import { startChild } from '../../core/start-child.ts';
import { failsElsewhere } from '../../core/streams.ts';
import { helperProgram } from '../helpers.ts';
import type { NamespaceSockets, Namespaces, Sysctl } from '../networking.ts';
import type { Processes } from '../process.ts';
import { encodeRequest, MAX_REQUEST, type OPERATIONS, type Reply, ReplyReader } from './netns-protocol.ts';

/** Where iproute2 keeps named network namespaces. */
const NETNS_DIRECTORY = '/run/netns';
/** Names in one request, and bytes that its other fields leave for lines. */
const NAMES_AT_ONCE = 500;
const MAX_LINES = MAX_REQUEST - 1024;

interface Waiting {
  readonly resolve: (sockets?: NamespaceSockets) => void;
  readonly reject: (error: Error) => void;
  /** For a request that opens sockets. */
  readonly opening: boolean;
  udp?: DatagramSocket;
  tcp?: Server;
  /** The reply may arrive before the sockets, which come by another channel. */
  replied: boolean;
}

interface Helper {
  readonly child: ChildProcess;
  readonly requests: Socket;
}

/** One long-lived `barge-netns`, which works inside of network namespaces and hands over the sockets that it opens there. */
export class LinuxNamespaces implements Namespaces {
  readonly #processes: Pick<Processes, 'run' | 'capture'>;
  readonly #waiting = new Map<number, Waiting>();
  #helper: Promise<Helper> | undefined;
  /** What `#helper` resolves to. */
  #running: Helper | undefined;
  #lastId = 0;

  constructor(processes: Pick<Processes, 'run' | 'capture'>) {
    this.#processes = processes;
  }

  async open(path: string, ports: { readonly udp: number; readonly tcp: number }): Promise<NamespaceSockets> {
    const sockets = await this.#ask('open', [path, ports.udp, ports.tcp]);
    if (!sockets) throw systemError(`barge-netns opened no sockets in ${path}`);
    return sockets;
  }

  async forgetUdpFlows(port: number): Promise<void> {
    await this.#ask('flush', [port]);
  }

  async carryOut(outside: readonly string[], name: string, inside: readonly string[]): Promise<void> {
    const strange = [...outside, name, ...inside].find((text) => /[^\w ./:@+-]/.test(text));
    if (strange !== undefined)
      throw invalidParameter(`no name of a link, a namespace or an address: ${strange}`);
    const fields = [outside.join(';'), name, inside.join(';')];
    if (fields.join('').length > MAX_LINES)
      throw systemError(`the network namespace ${name} would have too many endpoints`);
    await this.#ask('lines', fields);
  }

  async forget(names: readonly string[]): Promise<void> {
    for (let i = 0; i < names.length; i += NAMES_AT_ONCE)
      await this.#ask('remove', [names.slice(i, i + NAMES_AT_ONCE).join(';')]);
  }

  async names(): Promise<string[]> {
    try {
      return await readdir(NETNS_DIRECTORY);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async interfaces(name: string): Promise<string[]> {
    const text = await this.#processes.run('ip', ['-n', name, '-j', 'link', 'show']);
    return (JSON.parse(text || '[]') as { ifname: string }[]).map(({ ifname }) => ifname);
  }

  async writeSysctls(name: string, settings: readonly Sysctl[]): Promise<void> {
    const script = settings.map(({ path, value }) => `echo '${value}' >/proc/sys/${path.join('/')}\n`);
    const { exitCode, stderr } = await this.#processes.capture(
      'nsenter',
      [`--net=${NETNS_DIRECTORY}/${name}`, 'sh', '-e'],
      { input: script.join('') },
    );
    if (exitCode !== 0) throw systemError(stderr.trim());
  }

  async #ask(
    operation: keyof typeof OPERATIONS,
    fields: readonly (string | number)[],
  ): Promise<NamespaceSockets | undefined> {
    this.#helper ??= this.#start();
    const { child, requests } = await this.#helper;
    const id = ++this.#lastId;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, opening: operation === 'open', replied: false });
      child.channel?.ref();
      requests.ref();
      requests.write(encodeRequest(id, operation, fields));
    });
  }

  async #start(): Promise<Helper> {
    const { child, started } = startChild(helperProgram('barge-netns'), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'ipc'],
    });
    const requests = child?.stdio[3];
    if (!child || !(requests instanceof Socket)) {
      this.#helper = undefined;
      await started;
      throw systemError('starting barge-netns failed');
    }
    const helper = { child, requests: failsElsewhere(requests) };
    const replies = new ReplyReader();
    requests.on('data', (chunk: Buffer) => {
      for (const reply of replies.read(chunk)) this.#receive(helper, reply);
    });
    child.on('message', (message, handle) => this.#receiveSocket(helper, message, handle));
    child.once('exit', () => this.#ended(helper));
    child.unref();
    child.channel?.unref();
    requests.unref();
    this.#running = helper;
    return helper;
  }

  /** Nothing that was asked for is answered any more; the next request starts another helper. */
  #ended(helper: Helper): void {
    if (this.#running !== helper) return;
    this.#helper = undefined;
    for (const [id, { reject }] of [...this.#waiting]) {
      this.#forgetRequest(helper, id);
      reject(systemError('barge-netns has ended'));
    }
  }

  #receive(helper: Helper, { id, errno, text }: Reply): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (errno !== 0) {
      this.#forgetRequest(helper, id);
      waiting.reject(failure(errno, text));
      return;
    }
    waiting.replied = true;
    this.#settleWhenDone(helper, id, waiting);
  }

  #receiveSocket(helper: Helper, message: unknown, handle: unknown): void {
    const id = typeof message === 'object' && message && 'id' in message ? Number(message.id) : 0;
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (handle instanceof DatagramSocket) waiting.udp = handle;
    else if (handle instanceof Server) waiting.tcp = handle;
    this.#settleWhenDone(helper, id, waiting);
  }

  #settleWhenDone(helper: Helper, id: number, { opening, replied, udp, tcp, resolve }: Waiting): void {
    if (!replied || (opening && !(udp && tcp))) return;
    this.#forgetRequest(helper, id);
    resolve(udp && tcp ? { udp, tcp } : undefined);
  }

  #forgetRequest({ child, requests }: Helper, id: number): void {
    this.#waiting.delete(id);
    /* Only a request without a reply may keep the daemon from ending. */
    if (this.#waiting.size > 0) return;
    child.channel?.unref();
    requests.unref();
  }

  [Symbol.dispose](): void {
    void this.#helper?.then(
      ({ child, requests }) => {
        requests.end();
        if (child.connected) child.disconnect();
      },
      () => {},
    );
    this.#helper = undefined;
    this.#running = undefined;
  }
}

function failure(errno: number, text: string): Error {
  const message = `barge-netns: ${text}`;
  if (errno !== constants.errno.EOPNOTSUPP) return systemError(message);
  return unavailable(`this host's kernel cannot make such links: ${message}`);
}
