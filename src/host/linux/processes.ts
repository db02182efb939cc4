import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { systemError } from '../../core/errors.ts';
import { signalExitCode } from '../../core/signals.ts';
import { startChild } from '../../core/start-child.ts';
import { failsElsewhere } from '../../core/streams.ts';
import {
  type CommandOptions,
  type DetachedRequest,
  type Piped,
  type PipeOptions,
  type Processes,
  ProcessFailure,
  type ProcessResult,
} from '../process.ts';

/** Longest output of a helper command that is read, in bytes; the rest is dropped. */
const MAX_CAPTURE = 4 << 20;

/** The exit code of a process that ended without telling how. */
const LOST = 255;

export class LinuxProcesses implements Processes {
  /** As it was at the first start: reading the living environment takes Node 10 µs a variable. */
  #environment: NodeJS.ProcessEnv | undefined;

  async capture(
    program: string,
    args: readonly string[],
    options: CommandOptions = {},
  ): Promise<ProcessResult> {
    const watched = watchOver(options.signal, options.timeout);
    const { child, started } = startChild(program, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      killSignal: 'SIGKILL',
      ...(watched.signal ? { signal: watched.signal } : {}),
      ...(options.env ? { env: options.env } : {}),
    });
    await started;
    child?.stdin?.end(options.input);
    return await resultOf(child as ChildProcess, [program, ...args].join(' '), watched, child?.stdout);
  }

  async run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const result = await this.capture(program, args, options);
    if (result.exitCode === 0) return result.stdout;
    const said = (result.stderr || result.stdout).trim();
    const how = result.timedOut ? `took more than ${options.timeout} ms` : `exited with ${result.exitCode}`;
    throw new ProcessFailure('system', `${result.command} ${how}: ${said}`, result);
  }

  pipe(program: string, args: readonly string[], { signal, onStderr }: PipeOptions = {}): Piped {
    const { child, started } = startChild(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(signal ? { signal } : {}),
    });
    if (!child?.stdin || !child.stdout) return failedPipe(started);
    if (onStderr) child.stderr?.on('data', onStderr);
    const done = resultOf(child, [program, ...args].join(' '), watchOver(signal));
    done.catch(() => {});
    return { stdin: child.stdin, stdout: child.stdout, pid: child.pid ?? 0, done };
  }

  async startDetached({ program, args, streams }: DetachedRequest): Promise<readonly Socket[]> {
    this.#environment ??= { ...process.env };
    const { child, started } = startChild(program, args, {
      stdio: ['ignore', 'ignore', 'ignore', ...Array.from({ length: streams }, () => 'pipe' as const)],
      detached: true,
      env: this.#environment,
    });
    if (!child) await started;
    child?.unref();
    return (child?.stdio ?? []).slice(3).filter((stream) => stream instanceof Socket);
  }
}

/** Streams of a process that could not be started: they fail with the reason. */
function failedPipe(started: Promise<void>): Piped {
  const [stdin, stdout] = [failsElsewhere(new PassThrough()), failsElsewhere(new PassThrough())];
  const done = started.then(
    () => {
      throw systemError('a process without streams');
    },
    (error) => {
      stdin.destroy(error);
      stdout.destroy(error);
      throw error;
    },
  );
  done.catch(() => {});
  return { stdin, stdout, pid: 0, done };
}

interface Watch {
  /** Aborts when the process is to be killed. */
  readonly signal: AbortSignal | undefined;
  readonly timedOut: () => boolean;
}

function watchOver(cancel: AbortSignal | undefined, timeout?: number): Watch {
  if (timeout === undefined) return { signal: cancel, timedOut: () => false };
  const late = AbortSignal.timeout(timeout);
  return {
    signal: cancel ? AbortSignal.any([cancel, late]) : late,
    timedOut: () => late.aborted && !cancel?.aborted,
  };
}

/** @throws ProcessFailure cancelled when the caller's signal ended it. */
async function resultOf(
  child: ChildProcess,
  command: string,
  watch: Watch,
  stdout?: Readable | null,
): Promise<ProcessResult> {
  const began = performance.now();
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (code, signal) => resolve([code, signal]));
  });
  const [out, err, [code, signal]] = await Promise.all([collect(stdout), collect(child.stderr), ended]);
  const killed = Boolean(watch.signal?.aborted) && code !== 0;
  const result: ProcessResult = {
    command,
    exitCode: code ?? (signal ? signalExitCode(signal) : LOST),
    signal: signal ?? undefined,
    duration: performance.now() - began,
    timedOut: killed && watch.timedOut(),
    cancelled: killed && !watch.timedOut(),
    stdout: out,
    stderr: err,
  };
  if (result.cancelled) throw new ProcessFailure('cancelled', `${command} was cancelled`, result);
  return result;
}

/** What a stream gives until it ends or breaks: of a killed process, what it had said by then. */
async function collect(stream: Readable | null | undefined): Promise<string> {
  if (!stream) return '';
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      if (size < MAX_CAPTURE) chunks.push(chunk);
      size += chunk.length;
    }
  } catch {
    /* The exit status tells how the process ended. */
  }
  return Buffer.concat(chunks).toString();
}
