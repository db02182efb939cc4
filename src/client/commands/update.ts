import { defineCommand } from '../command.ts';
import { LIMITS } from '../create/flags.ts';
import { parseRestartPolicy, readLimits } from '../create/limits.ts';
import { forEachName, pathSegment } from '../each.ts';
import { CommandFailure } from '../failure.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    ...LIMITS,
    {
      name: 'restart',
      type: 'string',
      description: 'When to start again: no, on-failure[:n], always or unless-stopped',
      completes: ['no', 'on-failure', 'always', 'unless-stopped'],
    },
  ],
  args: { min: 1 },
  completes: ['container'],
  async run({ flags, args, cli }) {
    const limits = readLimits(flags);
    const restart = flags.has('restart') ? { RestartPolicy: parseRestartPolicy(flags.text('restart')) } : {};
    const json = { ...limits, ...restart };
    if (Object.keys(json).length === 0) {
      throw new CommandFailure('you must provide one or more flags when using this command');
    }
    return forEachName(cli, args, async (name) => {
      const path = `/containers/${pathSegment(name)}/update`;
      const { Warnings } = await cli.engine.post<{ Warnings?: string[] | null }>(path, { json });
      for (const warning of Warnings ?? []) cli.err(`${warning}\n`);
      return name;
    });
  },
});
