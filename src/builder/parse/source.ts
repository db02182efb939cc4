/** A position in a Dockerfile; lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The extent of an instruction: its first character, and its last line, including heredocs. */
export interface Span extends Position {
  readonly endLine: number;
}

/** The text that positions point into. */
export interface SourceFile {
  /** As shown in messages: usually the path given to `-f`. */
  readonly name: string;
  /** Without line terminators and byte order mark. */
  readonly lines: readonly string[];
}

export function sourceFile(name: string, text: string): SourceFile {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  return { name, lines };
}

const CONTEXT_LINES = 1;

/** The lines of `span` marked with `>>>`, and one line of context on either side. */
export function excerpt(source: SourceFile, span: Span): string {
  const first = Math.max(1, span.line - CONTEXT_LINES);
  const last = span.endLine + CONTEXT_LINES;
  const width = Math.max(4, String(last).length + 1);
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const marker = number >= span.line && number <= span.endLine ? '>>> ' : '    ';
    const line = `${String(number).padStart(width)} | ${marker}${source.lines[number - 1] ?? ''}`;
    shown.push(line.trimEnd());
  }
  return shown.join('\n');
}
