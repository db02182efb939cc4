import { invalidParameter } from '../../core/errors.ts';
import { familiarName, parseReference } from '../../core/reference.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  flags: [
    { name: 'author', short: 'a', type: 'string', description: 'Author of the image' },
    { name: 'change', short: 'c', type: 'list', description: 'Dockerfile instruction to apply to the image' },
    { name: 'message', short: 'm', type: 'string', description: 'Comment of the image' },
    {
      name: 'pause',
      short: 'p',
      type: 'bool',
      default: 'true',
      description: 'Pause the container during the commit',
    },
  ],
  args: { min: 1, max: 2 },
  completes: ['container', 'none'],
  async run(invocation) {
    const { flags, args, cli } = invocation;
    const reference = args[1] === undefined ? undefined : parseReference(args[1]);
    if (reference?.digest) throw invalidParameter('refusing to create a tag with a digest reference');
    const { Id } = await cli.engine.post<{ Id: string }>('/commit', {
      query: {
        container: argument(invocation, 0),
        repo: reference ? familiarName(reference) : undefined,
        tag: reference ? (reference.tag ?? 'latest') : undefined,
        author: flags.text('author') || undefined,
        comment: flags.text('message') || undefined,
        changes: flags.list('change'),
        pause: flags.bool('pause') ? '1' : '0',
      },
      json: {},
    });
    cli.out(`${Id}\n`);
    return 0;
  },
});
