import type { ImageDeleteItem } from '../../api/engine/images.ts';
import { isKind, messageOf } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { imagePath } from '../each.ts';
import { platformJson } from '../images/platform.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    {
      name: 'force',
      short: 'f',
      type: 'bool',
      description: 'Remove the image even when it has other names or is in use',
    },
    { name: 'no-prune', type: 'bool', description: 'Keep untagged parents' },
    { name: 'platform', type: 'strings', description: 'Remove only this platform, os/arch[/variant]' },
  ],
  args: { min: 1 },
  completes: ['image'],
  async run({ flags, args, cli }) {
    const force = flags.bool('force');
    const platforms = flags.list('platform').map(platformJson);
    const query = { force, noprune: flags.bool('no-prune'), platforms };
    let code = 0;
    // Sequential, because removing a name may remove the image that the next name refers to.
    for (const name of args) {
      try {
        const { body } = await cli.engine.request('DELETE', `/images/${imagePath(name)}`, { query });
        for (const item of await body.json<ImageDeleteItem[]>()) {
          cli.out(item.Deleted ? `Deleted: ${item.Deleted}\n` : `Untagged: ${item.Untagged}\n`);
        }
      } catch (error) {
        cli.err(`${messageOf(error)}\n`);
        if (!force || !isKind(error, 'not-found')) code = 1;
      }
    }
    return code;
  },
});
