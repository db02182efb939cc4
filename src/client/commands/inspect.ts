import { invalidParameter, isKind, notFound } from '../../core/errors.ts';
import { defineCommand } from '../command.ts';
import { imagePath, pathSegment } from '../each.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { inspectEach } from '../inspect/inspect.ts';
import type { InspectedType } from '../inspect/types.ts';

const TYPES: Readonly<Record<string, InspectedType>> = {
  container: 'container.InspectResponse',
  image: 'image.InspectResponse',
  network: 'network.Inspect',
  volume: 'volume.Volume',
};
/** The API path of each kind, in the order of the search. */
const PATHS: Readonly<Record<string, (name: string) => string>> = {
  container: (name) => `/containers/${pathSegment(name)}/json`,
  image: (name) => `/images/${imagePath(name)}/json`,
  network: (name) => `/networks/${pathSegment(name)}`,
  volume: (name) => `/volumes/${pathSegment(name)}`,
};
/** Swarm's kinds, and plugins: docker searches for them, but Barge has none. */
const ABSENT = ['config', 'node', 'plugin', 'secret', 'service', 'task'];

export const command = defineCommand({
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  flags: [
    OBJECT_FORMAT,
    { name: 'size', short: 's', type: 'bool', description: 'Show the sizes of containers' },
    {
      name: 'type',
      type: 'string',
      description: 'Search only this kind: container, image, network or volume',
      completes: ['container', 'image', 'network', 'volume'],
    },
  ],
  args: { min: 1 },
  completes: ['object'],
  run({ flags, args, cli }) {
    const type = flags.text('type');
    if (ABSENT.includes(type)) throw notFound(`Error: No such ${type}: ${args[0]}`);
    if (type !== '' && !Object.hasOwn(PATHS, type)) throw unknownType(type);
    const kinds = type === '' ? Object.keys(PATHS) : [type];
    return inspectEach(cli, args, flags.text('format'), async (name) => {
      for (const kind of kinds) {
        try {
          const size = kind === 'container' && flags.bool('size');
          const value = await cli.engine.getExact(PATHS[kind]?.(name) ?? '', { size });
          const goType = TYPES[kind];
          return goType ? { value, type: goType } : { value };
        } catch (error) {
          if (!isKind(error, 'not-found') || type !== '') throw error;
        }
      }
      throw notFound(`Error: No such object: ${name}`);
    });
  },
});

function unknownType(type: string): Error {
  const known = [...ABSENT, ...Object.keys(PATHS)].sort().map((one) => `"${one}"`);
  return invalidParameter(`unknown type: "${type}": must be one of ${known.join(', ')}`);
}
