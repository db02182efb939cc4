import { defineCommand, type Invocation } from '../command.ts';
import { createContainer } from '../create/container.ts';
import { CREATE_FLAGS, RUN_FLAGS } from '../create/flags.ts';
import type { Streams } from '../create/request.ts';
import { CommandFailure, EXIT_DAEMON_ERROR } from '../failure.ts';
import type { FlagsOf } from '../flags.ts';
import { attachContainer, waitContainer } from '../streams/attached.ts';
import { connectStreams } from '../streams/connect.ts';
import { proxySignals } from '../streams/signals.ts';
import { startFailure } from '../streams/start-error.ts';
import { followSize, rawMode } from '../streams/terminal.ts';

const FLAGS = [...CREATE_FLAGS, ...RUN_FLAGS] as const;

type RunLine = Invocation<FlagsOf<typeof FLAGS>>;

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: FLAGS,
  args: { min: 1 },
  completes: ['image', 'file'],
  stopAtPositional: true,
  failure: { exitCode: EXIT_DAEMON_ERROR, named: true },
  async run(invocation) {
    const { flags, cli } = invocation;
    const streams = chooseStreams(invocation);
    const id = await createContainer(invocation, streams);
    if (flags.bool('detach')) {
      await start(invocation, id);
      cli.out(`${id}\n`);
      return 0;
    }
    return runAttached(invocation, id, streams);
  },
});

/** Which streams to attach: none when detached, those of `-a`, else output and, with `-i`, input. */
function chooseStreams({ flags }: RunLine): Streams {
  const asked = flags.list('attach').map((name) => name.toLowerCase());
  if (flags.bool('detach')) {
    if (asked.length > 0) {
      throw new CommandFailure('conflicting options: cannot specify both --attach and --detach');
    }
    return { stdin: false, stdout: false, stderr: false };
  }
  const stdin = asked.length > 0 ? asked.includes('stdin') : flags.bool('interactive');
  if (flags.bool('tty') && stdin && !process.stdin.isTTY) {
    throw new CommandFailure('the input device is not a TTY');
  }
  if (asked.length === 0) return { stdin, stdout: true, stderr: true };
  return { stdin, stdout: asked.includes('stdout'), stderr: asked.includes('stderr') };
}

async function start({ cli }: Invocation, id: string): Promise<void> {
  try {
    await cli.engine.call('POST', `/containers/${id}/start`);
  } catch (error) {
    throw startFailure(error);
  }
}

/** Attaches and waits before starting, so that neither output nor the exit can be missed. */
async function runAttached(invocation: RunLine, id: string, streams: Streams): Promise<number> {
  const { flags, cli } = invocation;
  const tty = flags.bool('tty');
  const [stream, waiting] = await Promise.all([
    attachContainer(cli, id, { ...streams, detachKeys: cli.detachKeys(flags) }),
    waitContainer(cli, id, flags.bool('rm') ? 'removed' : 'next-exit'),
  ]);
  using _signals = flags.bool('sig-proxy') ? proxySignals(cli.engine, id) : undefined;
  try {
    await start(invocation, id);
  } catch (error) {
    stream.socket.destroy();
    throw error;
  }
  using _raw = tty && streams.stdin ? rawMode() : undefined;
  using _size = tty ? followSize(cli.engine, `/containers/${id}`) : undefined;
  await connectStreams(cli, stream, { tty, stdin: streams.stdin });
  return tty && streams.stdin ? exitCodeAfter(invocation, id, waiting.exitCode) : waiting.exitCode;
}

/** The container's exit code, or 0 when the user typed the detach keys and it still runs. */
async function exitCodeAfter({ cli }: Invocation, id: string, exitCode: Promise<number>): Promise<number> {
  const grace = 50;
  const soon = await Promise.race([
    exitCode,
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), grace)),
  ]);
  if (soon !== undefined) return soon;
  const { stillRunning } = await import('../streams/detached.ts');
  return (await stillRunning(cli.engine, id)) ? 0 : exitCode;
}
