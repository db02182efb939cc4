import type { WaitResponse } from '../../api/engine/containers.ts';
import { defineCommand } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';

export const command = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  flags: [],
  args: { min: 1 },
  completes: ['container'],
  run({ args, cli }) {
    return forEachName(cli, args, async (name) => {
      const response = await cli.engine.post<WaitResponse>(`/containers/${pathSegment(name)}/wait`);
      return String(response.StatusCode);
    });
  },
});
