import { defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { asType, inspectEach } from '../inspect/inspect.ts';

export const command = defineCommand({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  flags: [OBJECT_FORMAT],
  args: { min: 1 },
  completes: ['volume'],
  run({ flags, args, cli }) {
    return inspectEach(
      cli,
      args,
      flags.text('format'),
      asType('volume.Volume', (name) => cli.engine.getExact(`/volumes/${pathSegment(name)}`)),
    );
  },
});
