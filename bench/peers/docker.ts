import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';
import { Daemon } from './daemon.ts';
import { imageTar } from './image.ts';
import type { Peer, PeerKind, Subject } from './peer.ts';
import { missingProgram, programPaths, versionOf } from './programs.ts';

export const docker: PeerKind = {
  name: 'docker',
  missing: () => missingProgram('dockerd', 'containerd', 'docker'),
  start,
};

/** A dockerd, which starts its own containerd. */
async function start(stage: Stage): Promise<Peer> {
  const run = join(stage.run, 'docker');
  mkdirSync(run);
  const host = `unix://${run}/sock`;
  const client: Subject = {
    name: 'docker',
    command: (args) => ({ file: 'docker', args: ['-H', host, ...args] }),
  };
  const daemon = await Daemon.start(stage, {
    name: 'dockerd',
    command: { file: 'dockerd', args: daemonArguments(stage, run, host) },
    socket: join(run, 'sock'),
  });
  runToEnd(client.command(['import', imageTar(stage), 'busybox']));
  return {
    name: 'docker',
    versions: {
      'docker client': versionOf({ file: 'docker', args: ['--version'] }),
      dockerd: versionOf({ file: 'dockerd', args: ['--version'] }),
      containerd: versionOf({ file: 'containerd', args: ['--version'] }),
      runc: versionOf({ file: 'runc', args: ['--version'] }),
    },
    daemon,
    subjects: [client],
    builders: buildKit(host),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

function daemonArguments(stage: Stage, run: string, host: string): string[] {
  const config = join(run, 'daemon.json');
  /* As always in Barge, containers outlive the daemon. */
  writeFileSync(config, '{"live-restore":true}');
  return [
    ...['--config-file', config, '--host', host, '--pidfile', join(run, 'pid')],
    ...['--data-root', join(stage.directory, 'docker'), '--exec-root', join(run, 'x')],
    ...['--bip', '172.28.0.1/16', '--cgroup-parent', stage.cgroup],
    ...['--log-level', 'warn'],
  ];
}

/**
 * The BuildKit in dockerd, used through a client that supports it: one older than version 23, which includes that
 * support, or one with the plugin buildx.
 */
function buildKit(host: string): Subject[] {
  const file = programPaths('docker').find(hasBuildKit);
  if (!file) return [];
  const command: Subject['command'] = (args) => ({
    file,
    args: ['-H', host, ...args],
    env: { DOCKER_BUILDKIT: '1' },
  });
  return [{ name: 'docker (BuildKit)', command }];
}

function hasBuildKit(file: string): boolean {
  if (Number.parseInt(versionOf({ file, args: ['--version'] }), 10) < 23) return true;
  return spawnSync(file, ['buildx', 'version']).status === 0;
}
