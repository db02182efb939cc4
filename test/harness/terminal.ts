import { once } from 'node:events';
import { type ExecuteOptions, eventually, type Outcome, start } from './execute.ts';

/** A program whose standard streams are a terminal that the test types into. */
export interface Terminal {
  readonly type: (keys: string) => void;
  /** Everything on the screen so far. */
  readonly screen: () => string;
  /** Waits until the screen shows `pattern` after everything that an earlier `see` has matched. */
  readonly see: (pattern: RegExp, limit?: number) => Promise<RegExpExecArray>;
  readonly done: Promise<Outcome>;
}

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Starts `command` under util-linux's `script`, in a terminal of the given size. */
export function openTerminal(
  command: readonly string[],
  size: { rows: number; columns: number },
  options: ExecuteOptions = {},
): Terminal {
  const line = `stty rows ${size.rows} cols ${size.columns}; exec ${command.map(quote).join(' ')}`;
  const { child, stdout, done } = start(['script', '-qec', line, '/dev/null'], options);
  let seen = 0;
  return {
    type: (keys) => void child.stdin?.write(keys),
    screen: stdout,
    see: async (pattern, limit = 10_000) => {
      const ended = once(child, 'close');
      let over = false;
      ended.then(() => {
        over = true;
      });
      return await eventually(
        `the terminal shows ${pattern}`,
        () => {
          const match = pattern.exec(stdout().slice(seen));
          if (match) seen += match.index + match[0].length;
          else if (over) throw new Error(`the program ended before it showed ${pattern}:\n${stdout()}`);
          return match ?? undefined;
        },
        limit,
      ).catch((error) => {
        throw new Error(`${error.message}\nThe screen: ${JSON.stringify(stdout())}`);
      });
    },
    done,
  };
}
