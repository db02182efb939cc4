import { messageOf } from '../../core/errors.ts';
import { familiarName, parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import { argument, defineCommand } from '../command.ts';
import { imagePath } from '../each.ts';
import { CommandFailure } from '../failure.ts';

export const command = defineCommand({
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  flags: [],
  args: { min: 2, max: 2 },
  completes: ['image', 'none'],
  async run(invocation) {
    const source = argument(invocation, 0);
    const target = withDefaultTag(readTarget(argument(invocation, 1)));
    if (target.digest) {
      throw new CommandFailure('refusing to create a tag with a digest reference');
    }
    await invocation.cli.engine.call('POST', `/images/${imagePath(source)}/tag`, {
      query: { repo: familiarName(target), tag: target.tag },
    });
    return 0;
  },
});

function readTarget(name: string): Reference {
  try {
    return parseReference(name);
  } catch (cause) {
    const message = `Error parsing reference: "${name}" is not a valid repository/tag: ${messageOf(cause)}`;
    throw new CommandFailure(message, 1, { cause });
  }
}
