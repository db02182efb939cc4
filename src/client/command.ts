import type { Cli } from './cli.ts';
import type { Completion, Flag } from './flag-types.ts';
import type { FlagsOf, FlagValues } from './flags.ts';

/** One verb of the client. Flags are data; `run` does the work and returns the exit code. */
export interface Command {
  /** What follows the command's name in its usage line, e.g. `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string;
  readonly flags: readonly Flag[];
  /** The number of positionals; without `max`, any number. */
  readonly args: { readonly min: number; readonly max?: number };
  /** The kinds of the positionals, in order; the last applies to all that follow. Without it, nothing is completed. */
  readonly completes?: readonly Completion[];
  /** Flags end at the first positional: what follows belongs to the container's command. */
  readonly stopAtPositional?: boolean;
  /** The exit code for failures that carry none, and docker's way of reporting them. */
  readonly failure?: FailureStyle;
  run(invocation: Invocation): Promise<number>;
}

interface FailureStyle {
  readonly exitCode: number;
  /** Prefixes the message with the program's name and appends how to get help. */
  readonly named: boolean;
}

export interface Invocation<Flags extends FlagValues = FlagValues> {
  /** `barge run`, as the user typed it. */
  readonly path: string;
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly cli: Cli;
}

interface TypedCommand<F extends readonly Flag[]> extends Omit<Command, 'flags' | 'run'> {
  readonly flags: F;
  run(invocation: Invocation<FlagsOf<F>>): Promise<number>;
}

/** A command whose `run` can read only its own flags, each with its type. */
export const defineCommand = <const F extends readonly Flag[]>(command: TypedCommand<F>): Command => ({
  ...command,
  /* The caller has parsed the command line with these flags. */
  run: (invocation) => command.run(invocation as Invocation<FlagsOf<F>>),
});

/** The positional at `index`, which the command's `args.min` guarantees. */
export function argument(invocation: Pick<Invocation, 'args' | 'path'>, index: number): string {
  const word = invocation.args[index];
  if (word === undefined) throw new TypeError(`${invocation.path}: no argument ${index}`);
  return word;
}
