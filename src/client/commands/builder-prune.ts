import { pruneCommand } from '../prune.ts';

export const command = pruneCommand({
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Remove what images have, too' },
    { name: 'keep-storage', type: 'bytes', description: 'Keep this much of the cache' },
    { name: 'reserved-space', type: 'bytes', description: 'Always keep this much of the cache' },
    { name: 'max-used-space', type: 'bytes', description: 'Keep at most this much of the cache' },
    { name: 'min-free-space', type: 'bytes', description: 'Remove until this much of the disk is free' },
  ],
  warning: (flags) =>
    flags.bool('all') ? 'This will remove all build cache.' : 'This will remove all dangling build cache.',
  request: (flags) => ({
    kind: 'build',
    query: {
      all: flags.bool('all'),
      'reserved-space': flags.number('reserved-space') || undefined,
      'keep-storage': flags.number('keep-storage') || undefined,
      'max-used-space': flags.number('max-used-space') || undefined,
      'min-free-space': flags.number('min-free-space') || undefined,
    },
  }),
  reclaims: true,
});
