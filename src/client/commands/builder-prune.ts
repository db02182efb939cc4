import { pruneCommand } from '../prune.ts';

export const command = pruneCommand({
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Also remove cache that images share' },
    { name: 'keep-storage', type: 'bytes', description: 'Amount of cache to keep' },
    { name: 'reserved-space', type: 'bytes', description: 'Minimum amount of cache to keep' },
    { name: 'max-used-space', type: 'bytes', description: 'Maximum amount of cache to keep' },
    { name: 'min-free-space', type: 'bytes', description: 'Amount of disk space to free up' },
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
