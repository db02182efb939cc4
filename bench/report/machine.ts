import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from '../measure/process.ts';

export interface Machine {
  readonly system: string;
  readonly kernel: string;
  readonly processors: string;
  readonly memory: string;
  /** The file system of the data roots. */
  readonly fileSystem: string;
  readonly cgroups: string;
  /** The commit of this checkout. */
  readonly commit: string;
}

const CGROUPS = '/sys/fs/cgroup';

/** @param directory the directory of the data roots. */
export function describeMachine(directory: string): Machine {
  const processors = cpus();
  return {
    system: /^PRETTY_NAME="(.*)"/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    kernel: release(),
    processors: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    fileSystem: runToEnd({ file: 'stat', args: ['-f', '-c', '%T', directory] }).trim(),
    cgroups: cgroupLayout(),
    commit: commit(),
  };
}

function cgroupLayout(): string {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return 'v2';
  return existsSync(join(CGROUPS, 'unified/cgroup.controllers')) ? 'hybrid' : 'v1';
}

/** Git trusts only checkouts that its user owns, and root may not own this one. */
function commit(): string {
  const git = (...args: string[]) =>
    runToEnd({ file: 'git', args: ['-c', 'safe.directory=*', '-C', import.meta.dirname, ...args] }).trim();
  try {
    const changed = git('status', '--porcelain', '--', '../../src', '../../native') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ', with changes' : '');
  } catch {
    return 'unknown';
  }
}
