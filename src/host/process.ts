import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { BargeError, type ErrorDetails, type ErrorKind } from '../core/errors.ts';

/** How a process ended, and what it printed. */
export interface ProcessResult {
  /** The program with its arguments, for messages. */
  readonly command: string;
  /** 128 + the signal's number for a process that a signal ended, as a shell reports it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
  /** Milliseconds from the start to the end. */
  readonly duration: number;
  /** It was killed because `timeout` passed. */
  readonly timedOut: boolean;
  /** It was killed because the caller's AbortSignal fired. */
  readonly cancelled: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that ended otherwise than its caller needed. */
export class ProcessFailure extends BargeError {
  readonly result: ProcessResult;

  constructor(kind: ErrorKind, message: string, result: ProcessResult, details?: ErrorDetails) {
    super(kind, message, details);
    this.name = 'ProcessFailure';
    this.result = result;
  }
}

export interface CommandOptions {
  /** The process's standard input; without it, nothing can be read there. */
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds until the process is killed. */
  readonly timeout?: number;
  readonly env?: NodeJS.ProcessEnv;
}

export interface PipeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gets the process's standard error as it comes. */
  readonly onStderr?: (chunk: Buffer) => void;
}

/** A process whose standard input and output are streams of the caller's. */
export interface Piped {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** 0 when the process could not be started. */
  readonly pid: number;
  /** `stdout` is empty in it, `stderr` holds the first mebibytes. Rejects when the process could not be started or was cancelled. */
  readonly done: Promise<ProcessResult>;
}

export interface DetachedRequest {
  readonly program: string;
  readonly args: readonly string[];
  /** How many two-way streams the process gets, as its descriptors 3 and up. */
  readonly streams: number;
}

export interface Processes {
  /**
   * Runs a short command to its end, whatever its exit code.
   * @throws BargeError cancelled; unavailable when a limit forbids another process; system when the program is missing.
   */
  capture(program: string, args: readonly string[], options?: CommandOptions): Promise<ProcessResult>;
  /** Like `capture`, but @throws ProcessFailure system for a non-zero exit code, with what the command printed. */
  run(program: string, args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Starts a command; when that fails, both streams and `done` fail with the reason. */
  pipe(program: string, args: readonly string[], options?: PipeOptions): Piped;
  /** Starts a process in a session of its own, which outlives the daemon. @throws BargeError as `capture`. */
  startDetached(request: DetachedRequest): Promise<readonly Socket[]>;
}

/** What /proc says about processes that may end at any time. */
export interface ProcessTable {
  /** Undefined when the process has gone. */
  parentOf(pid: number): number | undefined;
  /** Whether a process has ended, or is ending: the kernel takes its namespaces before its parent hears of the end. */
  isEnding(pid: number): boolean;
  /** Whether the kernel would drop a signal sent to this process: the first one of a pid namespace needs a handler for it. */
  isDeafTo(pid: number, signal: number): boolean;
  /** Sends SIGKILL to a process that may have ended. */
  kill(pid: number): void;
  /** Whether a process that this one starts may have `adjustment` (-1000 to 1000) as its oom_score_adj. */
  canScore(adjustment: number): boolean;
}

/** Compression by a program of the host's, where that is quicker than this process. */
export interface Compression {
  /** Undefined where no such program is installed. */
  readonly gzip: ((input: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>) | undefined;
}
