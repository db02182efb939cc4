import { messageOf } from '../../core/errors.ts';
import { trimEndOf } from '../../core/trim.ts';
import { DockerfileError } from './errors.ts';
import { endsHeredoc, type Heredoc, heredocStarts } from './heredoc.ts';
import type { Position, SourceFile, Span } from './source.ts';

/** One instruction's text: continuation lines joined, comments between them removed, heredocs extracted. */
export interface LogicalLine {
  readonly text: string;
  readonly span: Span;
  readonly heredocs: readonly Heredoc[];
  /** The position in the file of the character at this offset of `text`. */
  positionAt(offset: number): Position;
}

export interface SourceWarning {
  readonly kind: 'empty-continuation';
  readonly line: number;
  readonly message: string;
}

interface LogicalLines {
  readonly lines: readonly LogicalLine[];
  readonly warnings: readonly SourceWarning[];
}

/** A part of a logical line that comes from one line of the file. */
interface Segment {
  readonly offset: number;
  readonly position: Position;
}

const HEREDOC_VERBS = /^\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;
const isComment = (line: string) => /^\s*#/.test(line);
const isBlank = (line: string) => line.trim() === '';

/** Joins the lines of a file into instructions. @throws DockerfileError for an unfinished heredoc. */
export function readLogicalLines(source: SourceFile, escapeChar: string): LogicalLines {
  const lines: LogicalLine[] = [];
  const warnings: SourceWarning[] = [];
  let next = 0;
  while (next < source.lines.length) {
    const first = source.lines[next] ?? '';
    if (isBlank(first) || isComment(first)) {
      next++;
      continue;
    }
    const joined = joinContinuations(source, next, escapeChar, warnings);
    if (joined.text === '') {
      next = joined.next;
      continue;
    }
    const documents = readHeredocs(source, joined.text, next, joined.next, escapeChar);
    lines.push(logicalLine(joined, documents.heredocs, next, documents.next));
    next = documents.next;
  }
  return { lines, warnings };
}

interface Joined {
  readonly text: string;
  readonly segments: readonly Segment[];
  readonly next: number;
}

function joinContinuations(
  source: SourceFile,
  first: number,
  escapeChar: string,
  warnings: SourceWarning[],
): Joined {
  const segments: Segment[] = [];
  let text = '';
  let open = true;
  let index = first;
  for (; open && index < source.lines.length; index++) {
    const line = source.lines[index] ?? '';
    if (index > first && isComment(line)) continue;
    if (index > first && isBlank(line)) {
      warnings.push({ kind: 'empty-continuation', line: index + 1, message: 'Empty continuation line' });
      continue;
    }
    const indent = index === first ? line.length - line.trimStart().length : 0;
    const content = withoutContinuation(line.slice(indent), escapeChar);
    segments.push({ offset: text.length, position: { line: index + 1, column: indent + 1 } });
    text += content.text;
    open = content.continues;
  }
  return { text, segments, next: index };
}

/** Removes an escape at the line's end (spaces may follow it), unless that escape is itself escaped. */
function withoutContinuation(line: string, escapeChar: string): { text: string; continues: boolean } {
  const trimmed = trimEndOf(line, ' \t');
  if (!trimmed.endsWith(escapeChar) || trimmed.endsWith(escapeChar + escapeChar))
    return { text: line, continues: false };
  return { text: trimmed.slice(0, -1), continues: true };
}

/** @throws DockerfileError at the instruction. */
function startsOf(source: SourceFile, text: string, first: number, next: number, escapeChar: string) {
  try {
    return heredocStarts(text, escapeChar);
  } catch (error) {
    const span = { line: first + 1, column: 1, endLine: next };
    throw new DockerfileError(source, span, messageOf(error), { cause: error });
  }
}

function readHeredocs(source: SourceFile, text: string, first: number, next: number, escapeChar: string) {
  const heredocs: Heredoc[] = [];
  const starts = HEREDOC_VERBS.test(text) ? startsOf(source, text, first, next, escapeChar) : [];
  let index = next;
  for (const start of starts) {
    let content = '';
    let closed = false;
    while (!closed && index < source.lines.length) {
      const line = source.lines[index++] ?? '';
      if (endsHeredoc(start, line)) closed = true;
      else content += `${line}\n`;
    }
    if (!closed) {
      const span = { line: first + 1, column: 1, endLine: next };
      throw new DockerfileError(source, span, `unterminated heredoc: no line "${start.name}" ends it`);
    }
    heredocs.push({ ...start, content });
  }
  return { heredocs, next: index };
}

function logicalLine(joined: Joined, heredocs: readonly Heredoc[], first: number, next: number): LogicalLine {
  const start = joined.segments[0]?.position ?? { line: first + 1, column: 1 };
  return {
    text: joined.text,
    span: { ...start, endLine: next },
    heredocs,
    positionAt(offset) {
      const segment = joined.segments.findLast((candidate) => candidate.offset <= offset);
      if (!segment) return start;
      const { line, column } = segment.position;
      return { line, column: column + offset - segment.offset };
    },
  };
}
