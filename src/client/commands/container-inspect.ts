import { defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { asType, inspectEach } from '../inspect/inspect.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [OBJECT_FORMAT, { name: 'size', short: 's', type: 'bool', description: 'Show sizes' }],
  args: { min: 1 },
  completes: ['container'],
  run({ flags, args, cli }) {
    return inspectEach(
      cli,
      args,
      flags.text('format'),
      asType('container.InspectResponse', (name) =>
        cli.engine.getExact(`/containers/${pathSegment(name)}/json`, { size: flags.bool('size') }),
      ),
    );
  },
});
