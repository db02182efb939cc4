import type { Command } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';
import type { Completion, Flag } from '../flag-types.ts';
import type { FlagValues } from '../flags.ts';
import type { Query } from '../transport/engine.ts';

interface Action {
  /** The last part of `POST /containers/{name}/…`. */
  readonly verb: string;
  readonly flags?: readonly Flag[];
  readonly query?: (flags: FlagValues) => Query;
  readonly completes: Completion;
}

/** A command that performs one action on every named container and prints the names. */
export function actionCommand({ verb, flags = [], query = () => ({}), completes }: Action): Command {
  return {
    usage: `${flags.length > 0 ? '[OPTIONS] ' : ''}CONTAINER [CONTAINER...]`,
    flags,
    args: { min: 1 },
    completes: [completes],
    run(invocation) {
      const options = { query: query(invocation.flags) };
      return forEachName(invocation.cli, invocation.args, async (name) => {
        await invocation.cli.engine.call('POST', `/containers/${pathSegment(name)}/${verb}`, options);
        return name;
      });
    },
  };
}
