import type { ContainerInspect } from '../../api/engine/containers.ts';
import { notImplemented } from '../../core/errors.ts';
import { argument, defineCommand, type Invocation } from '../command.ts';
import { forEachName, pathSegment } from '../each.ts';
import { CommandFailure } from '../failure.ts';
import { attachContainer, waitContainer } from '../streams/attached.ts';
import { connectStreams } from '../streams/connect.ts';
import { stillRunning } from '../streams/detached.ts';
import { proxySignals } from '../streams/signals.ts';
import { startFailure } from '../streams/start-error.ts';
import { followSize, rawMode } from '../streams/terminal.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    { name: 'attach', short: 'a', type: 'bool', description: 'Attach to its output and pass on signals' },
    { name: 'checkpoint', type: 'string', hidden: true, description: 'Checkpoint to start from' },
    { name: 'checkpoint-dir', type: 'string', hidden: true, description: 'Directory of checkpoints' },
    { name: 'detach-keys', type: 'string', description: 'Keys that detach from the container' },
    { name: 'interactive', short: 'i', type: 'bool', description: 'Forward standard input' },
  ],
  args: { min: 1 },
  completes: ['stopped'],
  async run(invocation) {
    const { flags, args, cli } = invocation;
    if (flags.has('checkpoint')) throw notImplemented('Barge does not support checkpoints');
    if (flags.bool('attach') || flags.bool('interactive')) {
      if (args.length > 1)
        throw new CommandFailure('you cannot start and attach multiple containers at once');
      return startAttached(invocation);
    }
    return forEachName(cli, args, async (name) => {
      await cli.engine.call('POST', `/containers/${pathSegment(name)}/start`);
      return name;
    });
  },
});

async function startAttached(invocation: Invocation): Promise<number> {
  const { flags, cli } = invocation;
  const path = `/containers/${pathSegment(argument(invocation, 0))}`;
  const { Id, Config, HostConfig } = await cli.engine.get<ContainerInspect>(`${path}/json`);
  const tty = Config.Tty ?? false;
  const stdin = flags.bool('interactive') && (Config.OpenStdin ?? false);
  const detachKeys = cli.detachKeys(flags);
  const [stream, waiting] = await Promise.all([
    attachContainer(cli, Id, { stdin, stdout: true, stderr: true, detachKeys }),
    waitContainer(cli, Id, HostConfig.AutoRemove ? 'removed' : 'next-exit'),
  ]);
  using _signals = tty ? undefined : proxySignals(cli.engine, Id);
  try {
    await cli.engine.call('POST', `${path}/start`);
  } catch (error) {
    stream.socket.destroy();
    throw startFailure(error);
  }
  using _raw = tty && stdin ? rawMode() : undefined;
  using _size = tty ? followSize(cli.engine, path) : undefined;
  await connectStreams(cli, stream, { tty, stdin });
  if (tty && stdin && (await stillRunning(cli.engine, Id))) return 0;
  return waiting.exitCode;
}
