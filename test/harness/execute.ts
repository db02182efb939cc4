import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Outcome {
  /** 128 + the signal's number when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecuteOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; undefined: empty. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Milliseconds until the program is killed and the test fails. */
  readonly limit?: number;
}

/** A program that has been started, with what it said so far. */
export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when it has ended and its output is complete. */
  readonly done: Promise<Outcome>;
}

const SIGNAL_NUMBERS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

export function start(command: readonly string[], options: ExecuteOptions = {}): Running {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  child.stdin.on('error', () => {}); /* a program need not read its input */
  if (options.input !== undefined) child.stdin.end(options.input);
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on('data', (chunk) => parts.stdout.push(chunk));
  child.stderr.on('data', (chunk) => parts.stderr.push(chunk));
  const said = (name: 'stdout' | 'stderr') => Buffer.concat(parts[name]).toString();
  const done = once(child, 'close').then(([code, signal]) => ({
    code: code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 0),
    stdout: said('stdout'),
    stderr: said('stderr'),
  }));
  done.catch(() => {}); /* whoever awaits it sees the failure */
  return { child, stdout: () => said('stdout'), stderr: () => said('stderr'), done };
}

/** Runs a program to its end. @throws Error when it takes longer than `limit`. */
export async function execute(command: readonly string[], options: ExecuteOptions = {}): Promise<Outcome> {
  const { child, done, stdout, stderr } = start(command, { input: '', ...options });
  const limit = options.limit ?? 30_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limit);
  try {
    const outcome = await done;
    if (late) throw new Error(`not done after ${limit} ms: ${command.join(' ')}\n${stdout()}${stderr()}`);
    return outcome;
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until `look` gives something, for what no event tells. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limit = 10_000,
): Promise<T> {
  const deadline = performance.now() + limit;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
