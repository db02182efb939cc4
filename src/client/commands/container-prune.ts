import { pruneCommand } from '../prune.ts';

export const command = pruneCommand({
  warning: () => 'This will remove all stopped containers.',
  request: () => ({ kind: 'containers' }),
  reclaims: true,
});
