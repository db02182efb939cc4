import { pruneCommand } from '../prune.ts';

export const command = pruneCommand({
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Remove every part of the cache' },
    { name: 'keep-storage', type: 'bytes', description: 'Keep this much of the cache' },
  ],
  warning: (flags) =>
    flags.bool('all') ? 'This will remove all build cache.' : 'This will remove all dangling build cache.',
  request: (flags) => ({
    kind: 'build',
    query: { all: flags.bool('all'), 'keep-storage': flags.number('keep-storage') || undefined },
  }),
  reclaims: true,
});
