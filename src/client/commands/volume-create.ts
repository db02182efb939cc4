import type { Command } from '../command.ts';
import { checkLabel } from '../create/key-values.ts';
import type { Volume } from '../volumes/volume.ts';

export const command: Command = {
  usage: '[OPTIONS] [VOLUME]',
  flags: [
    { name: 'driver', short: 'd', type: 'string', default: 'local', description: 'Driver of the volume' },
    { name: 'label', type: 'list', description: 'Set a label, key=value', check: checkLabel },
    { name: 'name', type: 'string', hidden: true, description: 'Name of the volume' },
    { name: 'opt', short: 'o', type: 'map', description: 'Option of the driver, key=value' },
  ],
  args: { min: 0, max: 1 },
  async run({ flags, args, cli }) {
    const json = {
      Name: args[0] ?? flags.text('name'),
      Driver: flags.text('driver'),
      DriverOpts: flags.map('opt'),
      Labels: flags.map('label'),
    };
    const { Name } = await cli.engine.post<Volume>('/volumes/create', { json });
    cli.out(`${Name}\n`);
    return 0;
  },
};
