import { pruneCommand } from '../prune.ts';

export const command = pruneCommand({
  flags: [
    { name: 'all', short: 'a', type: 'bool', description: 'Remove every image that no container uses' },
  ],
  warning: (flags) =>
    flags.bool('all')
      ? 'This will remove all images without at least one container associated to them.'
      : 'This will remove all dangling images.',
  request: (flags) => ({ kind: 'images', filters: { dangling: flags.bool('all') ? 'false' : 'true' } }),
  reclaims: true,
});
