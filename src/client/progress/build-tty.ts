import { stripVTControlCharacters } from 'node:util';
import type { BuildMessage } from '../../api/build-events.ts';
import { printable, printableCell } from '../format/printable.ts';
import { lintSummary } from './build-lint.ts';
import { BuildSteps, type ShownStep, seconds } from './build-steps.ts';
import type { BuildView, PlainOptions } from './build-view.ts';

interface TtyOptions extends PlainOptions {
  size(): { readonly columns: number; readonly rows: number };
}

/** Milliseconds between two drawings. */
const FRAME_MS = 100;
/** Number of output lines shown for each running step. */
const TAIL = 5;
/** Number of buffered characters of a step's output, for its last lines. */
const MAX_HELD = 8192;

/**
 * A tree of steps that is redrawn in place: finished steps scroll away above it, running steps show their last lines.
 */
export class TtyBuild implements BuildView {
  readonly #options: TtyOptions;
  readonly #steps = new BuildSteps();
  readonly #tails = new Map<number, string>();
  readonly #printed = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #pulling = '';
  #drawn = 0;
  #began = Date.now();

  constructor(options: TtyOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  show(message: BuildMessage): void {
    switch (message.kind) {
      case 'begun':
        this.#began = message.at;
        return;
      case 'pull': {
        const { id, status = '' } = message.message;
        this.#pulling = `${id ? `${id}: ` : ''}${status}`;
        return;
      }
      case 'planned':
        this.#pulling = '';
        this.#steps.plan(message.steps);
        return;
      case 'lint':
        this.#above(lintSummary(message.findings));
        return;
      case 'warning':
        this.#above(`WARN: ${message.message}\n`);
        return;
      case 'started':
        this.#steps.started(message);
        return;
      case 'missed':
        this.#steps.get(message.step).reason = message.reason;
        return;
      case 'output': {
        const held = (this.#tails.get(message.step) ?? '') + message.text;
        this.#tails.set(message.step, held.slice(-MAX_HELD));
        return;
      }
      case 'done':
        this.#finished(this.#steps.done(message), message.at);
        return;
      case 'described':
        return;
      case 'built':
        this.#above(` => built ${message.id}\n`);
        return;
      case 'tagged':
        this.#above(` => named ${message.reference}\n`);
        return;
      case 'failed':
        this.#failed(message.at);
        return;
    }
  }

  end(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #finished(step: ShownStep, at: number): void {
    this.#printed.add(step.number);
    this.#tails.delete(step.number);
    const state = step.cached ? 'CACHED ' : '';
    const why = this.#options.explain && step.reason ? `    not cached: ${step.reason}\n` : '';
    this.#above(`${this.#row(` => ${state}${step.title}`, seconds(step.started ?? at, at))}\n${why}`);
  }

  /** The last lines of running steps stay on the screen. */
  #failed(at: number): void {
    const running = this.#steps
      .all()
      .filter((step) => step.started !== undefined && step.ended === undefined);
    for (const step of running) {
      const lines = stripVTControlCharacters(this.#tails.get(step.number) ?? '')
        .split(/[\r\n]+/)
        .slice(-20)
        .filter(Boolean)
        .map((line) => `    ${line}\n`);
      this.#above(
        `${this.#row(` => ERROR ${step.title}`, seconds(step.started ?? at, at))}\n${lines.join('')}`,
      );
      this.#printed.add(step.number);
    }
  }

  #above(text: string): void {
    this.#clear();
    this.#options.write(printable(text));
  }

  #clear(): void {
    if (this.#drawn > 0) this.#options.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    const { rows } = this.#options.size();
    const now = Date.now();
    const all = this.#steps.all();
    const head = this.#row(
      `[+] Building ${seconds(this.#began, now)} (${all.filter((s) => s.ended !== undefined).length}/${all.length})`,
      '',
    );
    const lines = [head, ...(this.#pulling === '' ? [] : [this.#row(` => ${this.#pulling}`, '')])];
    for (const step of all) {
      if (step.started === undefined || this.#printed.has(step.number)) continue;
      lines.push(this.#row(` => ${step.title}`, seconds(step.started, now)), ...this.#tail(step.number));
    }
    const shown = lines.slice(0, Math.max(1, rows - 1));
    this.#clear();
    this.#options.write(shown.map((line) => `${line}\n`).join(''));
    this.#drawn = shown.length;
  }

  #tail(step: number): string[] {
    const lines = stripVTControlCharacters(this.#tails.get(step) ?? '')
      .split(/[\r\n]+/)
      .filter(Boolean);
    return lines.slice(-TAIL).map((line) => this.#row(` => => ${line}`, ''));
  }

  /** Text on the left, truncated if necessary; a time on the right. */
  #row(text: string, right: string): string {
    const left = printableCell(text);
    const { columns } = this.#options.size();
    const room = Math.max(10, columns - right.length - 2);
    return right === '' ? left.slice(0, room) : `${left.slice(0, room).padEnd(room)} ${right}`;
  }
}
