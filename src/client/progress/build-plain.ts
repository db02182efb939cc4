import type { BuildMessage } from '../../api/build-events.ts';
import { printable, printableCell } from '../format/printable.ts';
import { lintSummary } from './build-lint.ts';
import { BuildSteps, seconds } from './build-steps.ts';
import type { BuildView, PlainOptions } from './build-view.ts';

/** Prints one line per event, prefixed with its step's number, for logs and pipes. */
export class PlainBuild implements BuildView {
  readonly #options: PlainOptions;
  readonly #steps = new BuildSteps();
  /** Output of each step that is not yet a whole line. */
  readonly #partial = new Map<number, string>();
  /** The step that the last line was about. */
  #current = 0;

  constructor(options: PlainOptions) {
    this.#options = options;
  }

  show(message: BuildMessage): void {
    switch (message.kind) {
      case 'pull':
        if (message.message.status !== undefined && !message.message.progressDetail?.current) {
          const { id, status } = message.message;
          this.#say(`${id ? `${id}: ` : ''}${status}\n`);
        }
        return;
      case 'planned':
        this.#steps.plan(message.steps);
        return;
      case 'lint':
        this.#say(lintSummary(message.findings));
        return;
      case 'warning':
        this.#say(`WARN: ${message.message}\n`);
        return;
      case 'started':
        this.#line(message.step, printableCell(this.#steps.started(message).title));
        return;
      case 'missed':
        if (this.#options.explain) {
          this.#line(message.step, printableCell(`not cached: ${message.reason}`));
        }
        return;
      case 'output':
        this.#output(message);
        return;
      case 'done': {
        this.#flush(message.step);
        const { started = message.at, cached } = this.#steps.done(message);
        this.#line(message.step, cached ? 'CACHED' : `DONE ${seconds(started, message.at)}`);
        return;
      }
      case 'failed':
        for (const step of this.#partial.keys()) this.#flush(step);
        return;
      case 'built':
        this.#say(`\nbuilt ${message.id}\n`);
        return;
      case 'tagged':
        this.#say(`named ${message.reference}\n`);
        return;
      case 'begun':
      case 'described':
        return;
    }
  }

  end(): void {
    for (const step of this.#partial.keys()) this.#flush(step);
  }

  /** Text from the daemon; a step's own output passes unchanged. */
  #say(text: string): void {
    this.#options.write(printable(text));
  }

  /** An empty line separates the lines of different steps. */
  #line(step: number, text: string): void {
    const gap = this.#current !== 0 && this.#current !== step ? '\n' : '';
    this.#current = step;
    this.#options.write(`${gap}#${step} ${text}\n`);
  }

  #output({ step, text, at }: Extract<BuildMessage, { kind: 'output' }>): void {
    const lines = ((this.#partial.get(step) ?? '') + text).split('\n');
    this.#partial.set(step, lines.pop() ?? '');
    const since = (Math.max(0, at - (this.#steps.get(step).started ?? at)) / 1000).toFixed(3);
    for (const line of lines) this.#line(step, `${since} ${line.replace(/\r$/, '')}`);
  }

  #flush(step: number): void {
    const rest = this.#partial.get(step);
    if (rest) this.#line(step, rest);
    this.#partial.delete(step);
  }
}
