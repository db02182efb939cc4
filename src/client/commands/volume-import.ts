import type { Volume } from '../../api/engine/volumes.ts';
import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { openInput } from '../images/input-file.ts';

export const command = defineCommand({
  usage: '[OPTIONS] VOLUME [FILE]',
  flags: [{ name: 'replace', type: 'bool', description: 'Replace the existing content of the volume' }],
  args: { min: 1, max: 2 },
  completes: ['volume', 'file'],
  async run(invocation) {
    const { flags, args, cli } = invocation;
    const file = args[1] ?? '-';
    const { body } = await cli.engine.request(
      'POST',
      `/barge/volumes/${pathSegment(argument(invocation, 0))}/import`,
      {
        query: { replace: flags.bool('replace') },
        headers: { 'Content-Type': 'application/x-tar' },
        stream: file === '-' ? process.stdin : await openInput(file),
      },
    );
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    const { Name }: Volume = JSON.parse(Buffer.concat(parts).toString());
    cli.out(`${Name}\n`);
    return 0;
  },
});
