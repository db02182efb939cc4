import type { ContainerInspect } from '../../api/engine/containers.ts';
import { systemError } from '../../core/errors.ts';
import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { attachContainer, waitContainer } from '../streams/attached.ts';
import { connectStreams } from '../streams/connect.ts';
import { stillRunning } from '../streams/detached.ts';
import { proxySignals } from '../streams/signals.ts';
import { followSize, rawMode } from '../streams/terminal.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER',
  flags: [
    { name: 'detach-keys', type: 'string', description: 'Keys that detach from the container' },
    { name: 'no-stdin', type: 'bool', description: 'Do not attach standard input' },
    { name: 'sig-proxy', type: 'bool', default: 'true', description: 'Pass signals on to the container' },
  ],
  args: { min: 1, max: 1 },
  completes: ['running'],
  async run(invocation) {
    const { flags, cli } = invocation;
    const path = `/containers/${pathSegment(argument(invocation, 0))}`;
    const { Id, State, Config } = await cli.engine.get<ContainerInspect>(`${path}/json`);
    if (!State.Running) throw systemError('You cannot attach to a stopped container, start it first');
    if (State.Paused) throw systemError('You cannot attach to a paused container, unpause it first');
    if (State.Restarting)
      throw systemError('You cannot attach to a restarting container, wait until it is running');
    const tty = Config.Tty ?? false;
    const stdin = (Config.OpenStdin ?? false) && !flags.bool('no-stdin');
    const waiting = await waitContainer(cli, Id, 'not-running');
    const keys = cli.detachKeys(flags);
    const stream = await attachContainer(cli, Id, { stdin, stdout: true, stderr: true, detachKeys: keys });
    using _signals = flags.bool('sig-proxy') && !tty ? proxySignals(cli.engine, Id) : undefined;
    using _raw = tty && stdin ? rawMode() : undefined;
    using _size = tty ? followSize(cli.engine, path) : undefined;
    await connectStreams(cli, stream, { tty, stdin });
    if (tty && stdin && (await stillRunning(cli.engine, Id))) return 0;
    return waiting.exitCode;
  },
});
