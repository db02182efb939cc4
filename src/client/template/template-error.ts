import { CommandFailure } from '../failure.ts';

/** `template: :1: message`, as Go words syntax errors in templates. */
export function templateError(source: string, at: number, message: string): CommandFailure {
  return new CommandFailure(`template: :${lineOf(source, at)}: ${message}`);
}

/** A failure in the execution of a well-formed template. `expression` is the source text that failed. */
export class ExecutionError extends CommandFailure {
  constructor(source: string, at: number, expression: string, message: string) {
    const line = lineOf(source, at);
    const column = at - (source.lastIndexOf('\n', at - 1) + 1);
    super(`template: :${line}:${column}: executing "" at <${expression}>: ${message}`);
    this.name = 'ExecutionError';
  }
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}
