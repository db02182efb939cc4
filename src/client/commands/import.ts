import { familiarName, parseReference } from '../../core/reference.ts';
import { argument, defineCommand } from '../command.ts';
import { openInput } from '../images/input-file.ts';
import { showProgress } from '../progress/show.ts';

export const command = defineCommand({
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  flags: [
    { name: 'change', short: 'c', type: 'list', description: 'Dockerfile instruction to apply to the image' },
    { name: 'message', short: 'm', type: 'string', description: 'Comment of the image' },
    { name: 'platform', type: 'string', description: 'Platform of the image, os/arch[/variant]' },
  ],
  args: { min: 1, max: 2 },
  completes: ['file', 'none'],
  async run(invocation) {
    const { flags, args, cli } = invocation;
    const source = argument(invocation, 0);
    const remote = /^https?:\/\//.test(source);
    const reference = args[1] === undefined ? undefined : parseReference(args[1]);
    const stream = source === '-' ? process.stdin : remote ? undefined : await openInput(source);
    const { body } = await cli.engine.request('POST', '/images/create', {
      query: {
        fromSrc: remote ? source : '-',
        repo: reference ? familiarName(reference) : undefined,
        tag: reference?.tag,
        message: flags.text('message') || undefined,
        changes: flags.list('change'),
        platform: flags.text('platform') || undefined,
      },
      headers: { 'Content-Type': 'application/x-tar' },
      ...(stream ? { stream } : {}),
    });
    await showProgress(cli, body);
    return 0;
  },
});
