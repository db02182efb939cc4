import { pruneCommand } from '../prune.ts';

export const command = pruneCommand({
  flags: [{ name: 'all', short: 'a', type: 'bool', description: 'Also remove named volumes' }],
  warning: (flags) =>
    flags.bool('all')
      ? 'This will remove all local volumes not used by at least one container.'
      : 'This will remove anonymous local volumes not used by at least one container.',
  request: (flags) => ({ kind: 'volumes', ...(flags.bool('all') ? { filters: { all: 'true' } } : {}) }),
  reclaims: true,
});
