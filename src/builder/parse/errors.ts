import { BargeError, type ErrorKind, messageOf } from '../../core/errors.ts';
import { excerpt, type SourceFile, type Span } from './source.ts';

/** A mistake in the current instruction, before the file is known. */
export class SyntaxMistake extends Error {
  /** Offset within the logical line; absent means its start. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.name = 'SyntaxMistake';
    this.offset = offset;
  }
}

interface DockerfileErrorOptions {
  readonly kind?: ErrorKind;
  readonly cause?: unknown;
  /** The exit code of a failed process. */
  readonly code?: number;
}

/**
 * A failure at a position in a Dockerfile. `message` is `<file>:<line>:<column>: <summary>` followed by the lines
 * themselves.
 */
export class DockerfileError extends BargeError {
  /** The failure in Docker's words, without the position. */
  readonly summary: string;
  readonly source: SourceFile;
  readonly span: Span;
  readonly code: number | undefined;

  constructor(source: SourceFile, span: Span, summary: string, options: DockerfileErrorOptions = {}) {
    super(
      options.kind ?? 'invalid-parameter',
      `${source.name}:${span.line}:${span.column}: ${summary}\n${excerpt(source, span)}`,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = 'DockerfileError';
    this.summary = summary;
    this.source = source;
    this.span = span;
    this.code = options.code;
  }

  /** `error` with a position in the Dockerfile; an error that has one already keeps it, and its kind. */
  static at(source: SourceFile, span: Span, error: unknown): DockerfileError {
    if (error instanceof DockerfileError) return error;
    const kind = error instanceof BargeError ? error.kind : undefined;
    const fallback = error instanceof SyntaxMistake ? 'invalid-parameter' : 'system';
    return new DockerfileError(source, span, messageOf(error), { kind: kind ?? fallback, cause: error });
  }

  /** One line, as dockerd words a parse error. */
  get oneLine(): string {
    return `dockerfile parse error on line ${this.span.line}: ${this.summary}`;
  }
}
