import { defineCommand } from '../command.ts';
import { imagePath } from '../each.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { platformJson } from '../images/platform.ts';
import { asType, inspectEach } from '../inspect/inspect.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    OBJECT_FORMAT,
    { name: 'platform', type: 'string', description: 'Platform to show, os/arch[/variant]' },
  ],
  args: { min: 1 },
  completes: ['image'],
  run({ flags, args, cli }) {
    return inspectEach(
      cli,
      args,
      flags.text('format'),
      asType('image.InspectResponse', (name) =>
        cli.engine.getExact(`/images/${imagePath(name)}/json`, {
          platform: flags.has('platform') ? platformJson(flags.text('platform')) : undefined,
        }),
      ),
    );
  },
});
