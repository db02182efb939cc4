import { readFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { conflict, errnoOf, systemError } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import { helperProgram } from '../host/helpers.ts';
import type { Processes } from '../host/process.ts';

const SHIM = helperProgram('barge-shim');

/** Longest `sun_path` that Linux takes, without its final zero. */
const MAX_SOCKET_PATH = 107;

interface ShimExit {
  readonly code: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly oomKilled: boolean;
}

export interface AttachRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** No frames: what a terminal's reader wants. */
  readonly raw: boolean;
}

/** What `path` is below `root`, mounted at `target`. */
export interface BelowMount {
  readonly root: string;
  readonly path: string;
  readonly target: string;
  /** Files of the host that are mounted over files in it, by the latter's names. */
  readonly over?: readonly OverMount[];
}

interface OverMount {
  readonly file: string;
  readonly name: string;
  /** Also: where there is no file of that name, none is made. */
  readonly readOnly: boolean;
}

export interface ShimOptions {
  /** The shim's directory: sockets, pid file, exit record. */
  readonly directory: string;
  readonly mount?: { readonly options: string; readonly layersDirectory: string; readonly target: string };
  /** Overlays beside the root file system's, in the same namespace; lower directories as there. */
  readonly overlays?: readonly { readonly options: string; readonly target: string }[];
  /** Paths mounted at `target`, which the shim makes; links in `path` cannot leave `root`. */
  readonly below?: readonly BelowMount[];
  /** The cgroup of a hybrid host's v2 hierarchy in which the process starts; removed after `cleanup`. */
  readonly cgroup?: string;
  /** The oom_score_adj of the process. */
  readonly oomScore?: number;
  /** The oom_score_adj of the shim itself, where the host lets it have that. */
  readonly ownOomScore?: number;
  /** Asks who that is in the mounted root file system; the runtime starts only after `go`. */
  readonly userQuestion?: string;
  /** Mount that the runtime must not see. */
  readonly hide?: string;
  /** The runtime is crun, which starts quicker off a read-only mount of its file. */
  readonly offMount?: boolean;
  readonly log?: { readonly path: string; readonly maxSize: number; readonly maxFiles: number };
  /** The cgroup file whose `oom_kill` line tells of kills for want of memory. */
  readonly oomFile?: string;
  readonly tty: boolean;
  /** Rows and columns. */
  readonly consoleSize?: readonly [number, number];
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  /** Readers that must miss nothing from the first byte on. */
  readonly attach: readonly AttachRequest[];
  readonly runtime: readonly string[];
  readonly cleanup?: readonly string[];
}

/** Bytes; what the shim has room for. */
const MAX_CONTROL_LINE = 47;
/** Milliseconds. */
const LOOK_UP_TIMEOUT_MS = 15_000;

const FLAG = { stdin: 1, stdout: 2, stderr: 4, raw: 8 } as const;

function hello(kind: 'A' | 'C' | 'U', request?: AttachRequest, length = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.write(kind);
  bytes.writeUInt16BE(length, 2);
  if (request) {
    bytes[1] =
      (request.stdin ? FLAG.stdin : 0) |
      (request.stdout ? FLAG.stdout : 0) |
      (request.stderr ? FLAG.stderr : 0) |
      (request.raw ? FLAG.raw : 0);
  }
  return bytes;
}

/** A message of the shim that ends a start. */
type StartOutcome =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'runtime-failed'; readonly code: number }
  /** `errno` is the name of the kernel's reason, where the shim has reported one. */
  | { readonly kind: 'shim-failed'; readonly message: string; readonly errno?: string };

/**
 * Ends what a shim that was killed has left behind. It is called when any shim has gone.
 * @param exit how the process ended, if the shim lived to tell.
 */
type CleanUp = (exit: ShimExit | undefined) => Promise<void>;

/** The daemon's end of a shim's control connection. */
export class ShimLink {
  readonly directory: string;
  readonly #control: Socket;
  readonly #cleanUp: CleanUp;
  #buffered = '';
  readonly #outcome = Promise.withResolvers<StartOutcome>();
  readonly #exit = Promise.withResolvers<ShimExit>();
  readonly #gone = Promise.withResolvers<void>();
  /** Questions about users that have no answer yet, the oldest first. */
  readonly #questions: PromiseWithResolvers<string>[] = [];
  #pid = 0;
  #knowsUsers = false;
  #shimPid: number | undefined;
  /** Of the failure that the shim is about to report. */
  #errno = 0;

  private constructor(directory: string, control: Socket, cleanUp: CleanUp) {
    this.directory = directory;
    this.#cleanUp = cleanUp;
    this.#control = control;
    this.#exit.promise.catch(() => {});
    control.on('data', (chunk) => this.#receive(chunk.toString()));
    control.on('error', () => {});
    control.on('end', () => control.destroy());
    control.on('close', () => this.#closed());
  }

  /**
   * Starts a shim, and with it the process; `attached` are the streams for `options.attach`, in order.
   * @throws BargeError unavailable when a limit forbids another process.
   */
  static async start(
    processes: Pick<Processes, 'startDetached'>,
    options: ShimOptions,
    cleanUp: CleanUp = async () => {},
  ): Promise<{ link: ShimLink; attached: readonly Socket[] }> {
    const socket = join(options.directory, 'sock');
    if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
      throw systemError(
        `${socket} is too long for a socket's name (${MAX_SOCKET_PATH} bytes): choose a shorter --exec-root`,
      );
    }
    const [control, ...attached] = await processes.startDetached({
      program: SHIM,
      args: shimArguments(options),
      streams: 1 + options.attach.length,
    });
    if (!control) throw systemError(`starting ${SHIM} gave no control connection`);
    attached.forEach((stream, i) => {
      stream.write(hello('A', options.attach[i]));
    });
    return { link: new ShimLink(options.directory, control, cleanUp), attached };
  }

  /** Connects to a shim that an earlier daemon started; undefined when it has gone. */
  static async reconnect(
    directory: string,
    cleanUp: CleanUp = async () => {},
  ): Promise<ShimLink | undefined> {
    const socket = await connect(join(directory, 'sock'));
    if (!socket) return undefined;
    socket.write(hello('C'));
    return new ShimLink(directory, socket, cleanUp);
  }

  /** A further reader of (and writer to) the process's streams. */
  async attach(request: AttachRequest): Promise<Socket> {
    const socket = await connect(join(this.directory, 'sock'));
    if (!socket) throw conflict('the container has just ended: there is nothing to attach to');
    socket.write(hello('A', request));
    return socket;
  }

  #receive(text: string): void {
    const lines = (this.#buffered + text).split('\n');
    this.#buffered = lines.pop() ?? '';
    for (const line of lines) this.#obey(line);
  }

  #obey(line: string): void {
    const [word, first = '', ...more] = line.split(' ');
    if (word === 'user') {
      this.#questions.shift()?.resolve(line.slice('user '.length));
    } else if (word === 'pid') {
      this.#pid = Number(first);
      this.#knowsUsers = more[0] === 'users';
      if (more[1]) this.#shimPid = Number(more[1]);
      this.#outcome.resolve({ kind: 'started', pid: this.#pid });
    } else if (word === 'failed') {
      this.#outcome.resolve({ kind: 'runtime-failed', code: Number(first) });
    } else if (word === 'errno') {
      this.#errno = Number(first);
    } else if (word === 'error') {
      const errno = this.#errno > 0 ? { errno: getSystemErrorName(-this.#errno) } : {};
      this.#outcome.resolve({ kind: 'shim-failed', message: line.slice('error '.length), ...errno });
    } else if (word === 'exit') {
      this.#exit.resolve(parseExit(line.slice('exit '.length)));
    }
  }

  #closed(): void {
    for (const { resolve } of this.#questions.splice(0)) resolve('');
    void this.#settle();
  }

  /** A shim that was killed tells nothing: the record, if any, decides. */
  async #settle(): Promise<void> {
    const record = await readExitRecord(this.directory);
    if (record) this.#exit.resolve(record);
    const failure = await this.#cleanUp(record).then(
      () => undefined,
      (error) => error,
    );
    this.#outcome.resolve({ kind: 'shim-failed', message: 'the shim ended before the process started' });
    this.#exit.reject(
      failure ?? systemError('the shim has died, and the exit code with it: the container was ended'),
    );
    this.#gone.resolve();
  }

  /** The answer to `userQuestion`; nothing when the shim ended without one, and `outcome` says why. */
  get user(): Promise<string> {
    return this.#nextResponse();
  }

  #nextResponse(): Promise<string> {
    const question = Promise.withResolvers<string>();
    if (this.#control.destroyed) question.resolve('');
    else this.#questions.push(question);
    return question.promise;
  }

  /** Lets the runtime start. */
  go(): void {
    this.#control.write('go\n');
  }

  /** Gives up a start that `go` has not been said for. */
  async abandon(): Promise<void> {
    this.#control.destroy();
    await this.gone;
  }

  /** The shim's own process, which is the parent of the container's; undefined for a shim that does not tell. */
  get shimPid(): number | undefined {
    return this.#shimPid;
  }

  /** A shim of before Barge could ask: it says nothing to such a question. */
  get knowsUsers(): boolean {
    return this.#knowsUsers;
  }

  /**
   * Asks who somebody is in the root file system that this shim has mounted.
   * @returns an answer; nothing when the shim has none to give.
   */
  async lookUpUser(question: string): Promise<string> {
    const line = `user ${question.replaceAll('\n', '\t')}`;
    if (question.includes('\t') || Buffer.byteLength(line) > MAX_CONTROL_LINE)
      return await this.#askAlone(question);
    const response = this.#nextResponse();
    this.#control.write(`${line}\n`);
    const { promise: tooLate, resolve } = Promise.withResolvers<string>();
    const patience = setTimeout(() => resolve(''), LOOK_UP_TIMEOUT_MS);
    return await Promise.race([response, tooLate]).finally(() => clearTimeout(patience));
  }

  /** A question that does not fit into a control line. */
  async #askAlone(question: string): Promise<string> {
    const socket = await connect(join(this.directory, 'sock'));
    if (!socket) throw conflict('the container has just ended: nobody can be looked up in it');
    socket.setTimeout(LOOK_UP_TIMEOUT_MS, () => socket.destroy());
    const bytes = Buffer.from(question);
    socket.write(Buffer.concat([hello('U', undefined, bytes.length), bytes]));
    let response = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      response += text;
    });
    await new Promise<void>((settle) => {
      socket.on('error', () => {});
      socket.once('end', () => socket.destroy());
      socket.once('close', () => settle());
    });
    return response.slice('user '.length);
  }

  /** How the start went. */
  get outcome(): Promise<StartOutcome> {
    return this.#outcome.promise;
  }

  /** The process's exit. Rejects when the shim died and the code is lost. */
  get exit(): Promise<ShimExit> {
    return this.#exit.promise;
  }

  /** The shim has ended, and with it the mount of the root file system and the runtime's clean-up. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Sends a signal to the process; the shim is its parent, so the pid can be nobody else's. */
  kill(signal: number): void {
    this.#control.write(`kill ${signal}\n`);
  }

  resize(rows: number, columns: number): void {
    this.#control.write(`resize ${rows} ${columns}\n`);
  }

  /** Lets go of the shim, which goes on by itself. */
  release(): void {
    this.#control.removeAllListeners('close');
    this.#control.destroy();
  }
}

function shimArguments(options: ShimOptions): string[] {
  const args = ['--dir', options.directory];
  const { mount, log, consoleSize } = options;
  if (mount) args.push('--mount', mount.options, '--layers', mount.layersDirectory, '--target', mount.target);
  for (const also of options.overlays ?? []) args.push('--also', also.options, '--at', also.target);
  for (const { root, path, target, over } of options.below ?? []) {
    args.push('--below', root, '--path', path, '--on', target);
    for (const { file, name, readOnly } of over ?? []) {
      args.push('--over', file, '--as', name, ...(readOnly ? ['--over-read-only'] : []));
    }
  }
  if (options.cgroup) args.push('--cgroup', options.cgroup);
  if (options.oomScore !== undefined) args.push('--oom-score', `${options.oomScore}`);
  if (options.ownOomScore !== undefined) args.push('--own-oom-score', `${options.ownOomScore}`);
  if (options.userQuestion !== undefined) args.push('--user', options.userQuestion);
  if (options.hide) args.push('--hide', options.hide);
  if (options.offMount) args.push('--off-mount');
  if (log) args.push('--log', log.path, '--log-size', `${log.maxSize}`, '--log-files', `${log.maxFiles}`);
  if (options.oomFile) args.push('--oom', options.oomFile);
  if (options.tty) args.push('--tty');
  if (consoleSize?.[0]) args.push('--rows', `${consoleSize[0]}`, '--cols', `${consoleSize[1]}`);
  if (options.stdin) args.push('--stdin');
  if (options.stdinOnce) args.push('--stdin-once');
  if (options.attach.length > 0) args.push('--attach', `${options.attach.length}`);
  args.push('--', ...options.runtime);
  if (options.cleanup) args.push('--', ...options.cleanup);
  return args;
}

/** `CODE NANOSECONDS OOM-KILLS`, the shim's own clock. */
function parseExit(text: string): ShimExit {
  const [code, at, oomKills] = text.trim().split(' ').map(Number);
  return { code: code ?? 0, at: Math.floor((at ?? 0) / 1e6), oomKilled: (oomKills ?? 0) > 0 };
}

/** What a shim wrote down when its process ended; undefined while it runs or when the shim was killed. */
export async function readExitRecord(directory: string): Promise<ShimExit | undefined> {
  try {
    return parseExit(await readFile(join(directory, 'exit'), 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function connect(path: string): Promise<Socket | undefined> {
  return new Promise((settle, reject) => {
    const socket = failsElsewhere(createConnection({ path, allowHalfOpen: true }));
    socket.once('connect', () => settle(socket));
    socket.once('error', (error) => {
      /* The last is a shim's that ended before it accepted. */
      const gone = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(errnoOf(error) ?? '');
      if (gone) settle(undefined);
      else reject(error);
    });
  });
}
