import { pruneCommand } from '../prune.ts';

export const command = pruneCommand({
  warning: () => 'This will remove all custom networks not used by at least one container.',
  request: () => ({ kind: 'networks' }),
  reclaims: false,
});
