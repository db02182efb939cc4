import type { ExecCreateRequest, ExecInspect, ExecStartRequest } from '../../api/engine/containers.ts';
import { argument, defineCommand, type Invocation } from '../command.ts';
import { checkEnv, readEnvironment } from '../create/key-values.ts';
import { pathSegment } from '../each.ts';
import { CommandFailure, EXIT_CANNOT_INVOKE, EXIT_NOT_FOUND } from '../failure.ts';
import { connectStreams } from '../streams/connect.ts';
import { startFailure } from '../streams/start-error.ts';
import { followSize, rawMode } from '../streams/terminal.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  flags: [
    { name: 'detach', short: 'd', type: 'bool', description: 'Run the command in the background' },
    { name: 'detach-keys', type: 'string', description: 'Keys that detach from the command' },
    {
      name: 'env',
      short: 'e',
      type: 'list',
      description: 'Set a variable, or pass on the one with this name',
      check: checkEnv,
    },
    { name: 'env-file', type: 'list', description: 'Read variables from a file, one per line' },
    { name: 'interactive', short: 'i', type: 'bool', description: 'Keep standard input open' },
    { name: 'privileged', type: 'bool', description: 'Give the command full access to the host' },
    { name: 'tty', short: 't', type: 'bool', description: 'Allocate a terminal' },
    { name: 'user', short: 'u', type: 'string', description: 'User to run as, name or id[:group]' },
    { name: 'workdir', short: 'w', type: 'string', description: 'Directory to start in' },
  ],
  args: { min: 2 },
  completes: ['running', 'file'],
  stopAtPositional: true,
  async run(invocation) {
    const { flags, cli } = invocation;
    const tty = flags.bool('tty');
    const stdin = flags.bool('interactive') && !flags.bool('detach');
    if (tty && stdin && !process.stdin.isTTY) throw new CommandFailure('the input device is not a TTY');
    const container = pathSegment(argument(invocation, 0));
    const json = execRequest(invocation, stdin);
    const { Id } = await cli.engine.post<{ Id: string }>(`/containers/${container}/exec`, { json });
    if (!flags.bool('detach')) return runAttached(invocation, Id, tty, stdin);
    await started(() => cli.engine.call('POST', `/exec/${Id}/start`, { json: { Detach: true, Tty: tty } }));
    return 0;
  },
});

function execRequest({ flags, args, cli }: Invocation, stdin: boolean): ExecCreateRequest {
  const keys = cli.detachKeys(flags);
  const env = readEnvironment(flags.list('env-file'), flags.list('env'), process.env);
  const detached = flags.bool('detach');
  return {
    AttachStdin: stdin,
    AttachStdout: !detached,
    AttachStderr: !detached,
    Tty: flags.bool('tty'),
    Privileged: flags.bool('privileged'),
    Cmd: args.slice(1),
    ...(env.length > 0 ? { Env: env } : {}),
    ...(flags.has('user') ? { User: flags.text('user') } : {}),
    ...(flags.has('workdir') ? { WorkingDir: flags.text('workdir') } : {}),
    ...(keys === '' ? {} : { DetachKeys: keys }),
  };
}

async function runAttached({ cli }: Invocation, id: string, tty: boolean, stdin: boolean): Promise<number> {
  const { rows, columns } = process.stdout;
  const size = tty && rows && columns ? ({ ConsoleSize: [rows, columns] } as const) : {};
  const json: ExecStartRequest = { Detach: false, Tty: tty, ...size };
  const stream = await started(() => cli.engine.hijack(`/exec/${id}/start`, { json }));
  {
    using _raw = tty && stdin ? rawMode() : undefined;
    using _size = tty ? followSize(cli.engine, `/exec/${id}`) : undefined;
    await connectStreams(cli, stream, { tty, stdin });
  }
  const { ExitCode } = await cli.engine.get<ExecInspect>(`/exec/${id}/json`);
  return ExitCode ?? 0;
}

/** A command that cannot be started gives the exit code that a shell uses for it; other failures give 1. */
async function started<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const failure = startFailure(error);
    if (
      failure instanceof CommandFailure &&
      ![EXIT_CANNOT_INVOKE, EXIT_NOT_FOUND].includes(failure.exitCode)
    ) {
      throw error;
    }
    throw failure;
  }
}
