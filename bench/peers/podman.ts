import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/core/errors.ts';
import { type Command, runToEnd } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';
import { imageTar } from './image.ts';
import type { Peer, PeerKind, Subject } from './peer.ts';
import { missingProgram, programPath, versionOf } from './programs.ts';

export const podman: PeerKind = {
  name: 'podman',
  missing: () => missingProgram('podman', 'conmon'),
  start,
};

async function start(stage: Stage): Promise<Peer> {
  const view = await viewOfCgroups();
  const flags = globalFlags(stage);
  const subject: Subject = {
    name: 'podman',
    command: (args) => view.command({ file: 'podman', args: [...flags, ...asPodman(stage, args)] }),
  };
  runToEnd(subject.command(['import', imageTar(stage), 'busybox']));
  const runtime = programPath('crun') ? 'crun' : 'runc';
  return {
    name: 'podman',
    versions: {
      podman: versionOf({ file: 'podman', args: ['--version'] }),
      conmon: versionOf({ file: 'conmon', args: ['--version'] }),
      ...(programPath('buildah') ? { buildah: versionOf({ file: 'buildah', args: ['--version'] }) } : {}),
      [runtime]: versionOf({ file: runtime, args: ['--version'] }),
    },
    subjects: [subject],
    builders: buildah(stage, view),
    [Symbol.asyncDispose]: () => view[Symbol.asyncDispose](),
  };
}

/** Uses podman's store, so that it has the image; it stores the layers of steps only on request. */
function buildah(stage: Stage, view: View): Subject[] {
  if (!programPath('buildah')) return [];
  const run = join(stage.run, 'podman');
  const flags = [
    '--root',
    join(stage.directory, 'podman'),
    '--runroot',
    join(run, 'x'),
    '--storage-driver',
    'overlay',
  ];
  return [
    {
      name: 'buildah',
      command: ([verb = '', ...rest]) =>
        view.command({ file: 'buildah', args: [...flags, verb, '--layers', ...rest] }),
    },
  ];
}

function globalFlags(stage: Stage): string[] {
  const run = join(stage.run, 'podman');
  mkdirSync(run);
  return [
    ...['--root', join(stage.directory, 'podman'), '--runroot', join(run, 'x'), '--tmpdir', join(run, 'tmp')],
    ...['--network-config-dir', join(run, 'networks'), '--cgroup-manager', 'cgroupfs'],
    ...['--storage-driver', 'overlay', '--log-level', 'error'],
  ];
}

/** The options that podman needs with each command: a cgroup parent, and plain HTTP for a registry. */
function asPodman(stage: Stage, args: readonly string[]): readonly string[] {
  const [verb = '', ...rest] = args;
  if (['run', 'create'].includes(verb)) return [verb, '--cgroup-parent', stage.cgroup, ...rest];
  return ['pull', 'push'].includes(verb) ? [verb, '--tls-verify=false', ...rest] : args;
}

interface View extends AsyncDisposable {
  command(command: Command): Command;
}

const V2_OF_HYBRID = '/sys/fs/cgroup/unified';

/**
 * Debian's crun rejects hosts with v1 hierarchies that also have controllers in v2. There, podman runs in a mount
 * namespace without the v2 mount; joining it costs each command about a millisecond.
 */
async function viewOfCgroups(): Promise<View> {
  if (!controllersInV2()) return { command: (command) => command, async [Symbol.asyncDispose]() {} };
  const script = `umount ${V2_OF_HYBRID} && echo ready && exec sleep infinity`;
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script];
  const holder = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  return {
    command: ({ file, args: rest }) => ({
      file: 'nsenter',
      args: [`--mount=/proc/${holder.pid}/ns/mnt`, '--', file, ...rest],
    }),
    [Symbol.asyncDispose]: () => end(holder),
  };
}

async function end(holder: ChildProcess): Promise<void> {
  holder.kill('SIGKILL');
  await once(holder, 'exit');
}

function controllersInV2(): boolean {
  try {
    return readFileSync(join(V2_OF_HYBRID, 'cgroup.controllers'), 'utf8').trim() !== '';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
