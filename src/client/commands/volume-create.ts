import type { Volume } from '../../api/engine/volumes.ts';
import { invalidParameter } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { checkLabel } from '../create/key-values.ts';
import type { Flag } from '../flag-types.ts';

/** Flags of cluster volumes, accepted only to report that they are unsupported. */
const CLUSTER: readonly Flag[] = (
  [
    ['availability', 'string'],
    ['group', 'string'],
    ['limit-bytes', 'bytes'],
    ['required-bytes', 'bytes'],
    ['scope', 'string'],
    ['secret', 'map'],
    ['sharing', 'string'],
    ['topology-preferred', 'list'],
    ['topology-required', 'list'],
    ['type', 'string'],
  ] as const
).map(([name, type]) => ({ name, type, hidden: true, description: 'For cluster volumes; not supported' }));

export const command = defineCommand({
  usage: '[OPTIONS] [VOLUME]',
  flags: [
    ...CLUSTER,
    { name: 'driver', short: 'd', type: 'string', default: 'local', description: 'Driver of the volume' },
    { name: 'label', type: 'list', description: 'Set a label, key=value', check: checkLabel },
    { name: 'name', type: 'string', hidden: true, description: 'Name of the volume' },
    { name: 'opt', short: 'o', type: 'map', description: 'Option of the driver, key=value' },
  ],
  args: { min: 0, max: 1 },
  async run({ flags, args, cli }) {
    const cluster = CLUSTER.find(({ name }) => flags.has(name));
    if (cluster) {
      throw invalidParameter(`--${cluster.name} is for cluster volumes, which Barge does not support`);
    }
    const [name] = args;
    if (name !== undefined && flags.has('name')) {
      throw invalidParameter('conflicting options: name the volume by --name or by an argument, not both');
    }
    const json = {
      Name: name ?? flags.text('name'),
      Driver: flags.text('driver'),
      DriverOpts: flags.map('opt'),
      Labels: flags.map('label'),
    };
    const { Name } = await cli.engine.post<Volume>('/volumes/create', { json });
    cli.out(`${Name}\n`);
    return 0;
  },
});
