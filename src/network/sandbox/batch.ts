import { systemError, unavailable } from '../../core/errors.ts';
import { type Piped, pipeThrough, run } from '../../host/process.ts';
import { isUnknownKind } from '../links/parent.ts';

/** Runs lines of `ip -batch`. @throws BargeError unavailable where the kernel has no such links, else system. */
export async function batch(flags: readonly string[], lines: readonly string[]): Promise<void> {
  try {
    await run('ip', [...flags, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  } catch (error) {
    throw inWords(error);
  }
}

function inWords(error: unknown): unknown {
  if (!(error instanceof Error) || !isUnknownKind(error.message)) return error;
  return unavailable(`this host's kernel cannot make such links: ${error.message}`, { cause: error });
}

/** An `ip -batch` that waits for its lines: when they come, no process has to be started. It ends with the daemon. */
export class WaitingBatch implements Disposable {
  readonly #flags: readonly string[];
  readonly #tool: Piped;
  #ended = false;

  constructor(flags: readonly string[]) {
    this.#flags = flags;
    this.#tool = pipeThrough('ip', [...flags, '-batch', '-']);
    this.#tool.stdout.resume();
    this.#tool.stdin.on('error', () => {}); /* its exit code tells more */
    const ended = () => {
      this.#ended = true;
    };
    this.#tool.done.then(ended, ended);
  }

  /** Runs the lines, once. @throws BargeError as `batch` does. */
  async run(lines: readonly string[]): Promise<void> {
    if (this.#ended) return await batch(this.#flags, lines);
    this.#tool.stdin.end(`${lines.join('\n')}\n`);
    const { code, stderr } = await this.#tool.done;
    if (code === 0) return;
    throw inWords(systemError(`ip ${this.#flags.join(' ')} -batch exited with ${code}: ${stderr}`));
  }

  [Symbol.dispose](): void {
    this.#tool.stdin.end();
  }
}
