import { CommandFailure } from '../failure.ts';

/** `template: :1: message`, as Go words mistakes in a template's form. */
export function templateError(source: string, at: number, message: string): CommandFailure {
  return new CommandFailure(`template: :${lineOf(source, at)}: ${message}`);
}

/** A failure while a well-formed template meets its data. `expression` is the piece at fault, as written. */
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
