import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { systemError } from '../../src/core/errors.ts';
import { removeAbandonedStages, removeStage } from './remove.ts';
import { stageOf } from './stage.ts';

/**
 * Separate mounts, network and processes for the bench. When `unshare` dies, so does its first process (the shell) and
 * with it everything in the pid namespace: no daemon, shim, veth, bridge, packet filter rule or mount survives. The
 * shell is needed because the first process must reap orphans, which Node does not.
 */
const ENTER = [
  ...['setpriv', '--pdeathsig', 'KILL', '--'],
  ...[
    'unshare',
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
  ],
  ...['sh', '-c', '"$@" & wait $!', 'bench'],
] as const;

/**
 * Runs `DIRECTORY/inside.ts` in separate namespaces and removes its leftovers.
 * @param request passed to it with the stage. @returns the exit code.
 */
export async function runOnStage(directory: 'stage' | 'check', request: object): Promise<number> {
  removeAbandonedStages();
  const stage = stageOf(process.pid);
  mkdirSync(stage.directory, { mode: 0o711 });
  try {
    return await inNamespaces(join(import.meta.dirname, '..', directory, 'inside.ts'), { stage, ...request });
  } finally {
    await removeStage(stage);
  }
}

async function inNamespaces(script: string, request: object): Promise<number> {
  const [program, ...args] = [
    ...ENTER,
    process.execPath,
    ...process.execArgv,
    script,
    JSON.stringify(request),
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const release = endOnSignals(child);
  try {
    const [code, signal] = await once(child, 'exit');
    return code ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
  } catch (cause) {
    throw systemError('the bench could not enter its namespaces: is util-linux installed?', { cause });
  } finally {
    release();
  }
}

/** `unshare` ignores SIGINT and SIGTERM while it waits, hence SIGKILL. */
function endOnSignals(child: ChildProcess): () => void {
  const end = () => child.kill('SIGKILL');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}
