import type { BuildMessage, LintFinding } from '../../api/build-events.ts';
import type { BuildView } from './build-view.ts';

/** One line per finding, after a build. */
export function lintSummary(findings: readonly LintFinding[]): string {
  if (findings.length === 0) return '';
  const lines = findings.map(({ rule, detail, line }) => ` - ${rule}: ${detail} (line ${line})\n`);
  return `${count(findings)} (use --check to expand):\n${lines.join('')}`;
}

const count = ({ length }: readonly unknown[]) => `${length} warning${length === 1 ? '' : 's'} found`;

const RULER = '-'.repeat(20);

/** Shows all details of the findings of `build --check`. */
export class LintView implements BuildView {
  readonly #write: (text: string) => void;
  readonly #json: boolean;
  #findings: readonly LintFinding[] = [];

  constructor(write: (text: string) => void, json = false) {
    this.#write = write;
    this.#json = json;
  }

  get clean(): boolean {
    return this.#findings.length === 0;
  }

  show(message: BuildMessage): void {
    if (message.kind === 'lint') this.#findings = message.findings;
  }

  end(): void {
    if (this.#json) {
      this.#write(`${JSON.stringify({ warnings: this.#findings }, undefined, 2)}\n`);
      return;
    }
    if (this.clean) {
      this.#write('Check complete, no warnings found.\n');
      return;
    }
    const { length } = this.#findings;
    this.#write(`Check complete, ${length} warning${length === 1 ? ' has' : 's have'} been found!\n`);
    for (const { rule, url, description, detail, file, line, excerpt } of this.#findings) {
      const told = detail === description ? '' : `${detail}\n`;
      this.#write(
        `\nWARNING: ${rule} - ${url}\n${description}\n${told}${file}:${line}\n${RULER}\n${excerpt}\n${RULER}\n`,
      );
    }
  }
}
