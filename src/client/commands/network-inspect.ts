import { defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { asType, inspectEach } from '../inspect/inspect.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  flags: [
    OBJECT_FORMAT,
    { name: 'verbose', short: 'v', type: 'bool', description: 'Show diagnostic details' },
  ],
  args: { min: 1 },
  completes: ['network'],
  run({ flags, args, cli }) {
    return inspectEach(
      cli,
      args,
      flags.text('format'),
      asType('network.Inspect', (name) =>
        cli.engine.getExact(`/networks/${pathSegment(name)}`, { verbose: flags.bool('verbose') }),
      ),
    );
  },
});
