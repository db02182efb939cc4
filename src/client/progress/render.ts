import type { ProgressMessage } from '../../api/engine/system.ts';
import { CommandFailure } from '../failure.ts';
import { printable, printableCell } from '../format/printable.ts';
import { progressText } from './bar.ts';

interface RenderOptions {
  write(text: string): void;
  /** Whether lines can be rewritten in place. */
  readonly terminal: boolean;
  readonly columns?: number;
  /** Receives the messages that carry data for the client, such as a built image's id. */
  readonly onAux?: (aux: unknown) => void;
}

/**
 * Renders the JSON progress stream of pull, push, build, load and import: `stream` unchanged, `status` as lines; on a
 * terminal, one line per id, rewritten as it progresses.
 * @throws CommandFailure with the daemon's message at the stream's first `error`.
 */
export async function renderProgress(
  messages: AsyncIterable<ProgressMessage>,
  options: RenderOptions,
): Promise<void> {
  const renderer = options.terminal ? new TerminalRenderer(options) : new LineRenderer(options);
  for await (const message of messages) {
    if (message.error !== undefined || message.errorDetail) {
      throw new CommandFailure(message.errorDetail?.message ?? message.error ?? 'unknown error', 1, {
        kind: 'system',
      });
    }
    if (message.aux !== undefined) options.onAux?.(message.aux);
    else renderer.show(message);
  }
}

/** For pipes and files: every change of status once, without bars. */
class LineRenderer {
  readonly #options: RenderOptions;

  constructor(options: RenderOptions) {
    this.#options = options;
  }

  show(message: ProgressMessage): void {
    if (message.stream !== undefined) this.#options.write(message.stream);
    else if (message.status !== undefined && !isBar(message)) {
      this.#options.write(`${label(message)}${printable(message.status)}\n`);
    }
  }
}

class TerminalRenderer {
  readonly #options: RenderOptions;
  /** The line number of each id, counted from the first line of the block. */
  readonly #lines = new Map<string, number>();

  constructor(options: RenderOptions) {
    this.#options = options;
  }

  show(message: ProgressMessage): void {
    const { write } = this.#options;
    if (message.stream !== undefined) {
      this.#lines.clear();
      write(message.stream);
    } else if (message.status === undefined) return;
    else if (!message.id) {
      this.#lines.clear();
      write(`${printable(message.status)}\n`);
    } else this.#showLine(message.id, message);
  }

  #showLine(id: string, message: ProgressMessage): void {
    const { write, columns = 80 } = this.#options;
    const bar = progressText(message, columns);
    const text = `${label(message)}${printableCell(message.status ?? '')}${bar === '' ? '' : ` ${printableCell(bar)}`}`;
    let line = this.#lines.get(id);
    if (line === undefined) {
      line = this.#lines.size;
      this.#lines.set(id, line);
      write(`${text}\n`);
      return;
    }
    const up = this.#lines.size - line;
    write(`\x1b[${up}A\x1b[2K\r${text}\x1b[${up}B\r`);
  }
}

const label = (message: ProgressMessage) => (message.id ? `${printableCell(message.id)}: ` : '');

function isBar({ progressDetail, progress }: ProgressMessage): boolean {
  return Boolean(progress) || (progressDetail?.current ?? 0) > 0 || (progressDetail?.total ?? 0) > 0;
}
