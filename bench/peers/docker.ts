import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';
import { Daemon } from './daemon.ts';
import { imageTar } from './image.ts';
import type { Peer, PeerKind, Subject } from './peer.ts';
import { missingProgram, versionOf } from './programs.ts';

export const docker: PeerKind = {
  name: 'docker',
  missing: () => missingProgram('dockerd', 'containerd', 'docker'),
  start,
};

/** A dockerd that starts its own containerd. */
async function start(stage: Stage): Promise<Peer> {
  const run = join(stage.run, 'docker');
  mkdirSync(run);
  const host = `unix://${run}/sock`;
  const client: Subject = {
    name: 'docker',
    command: (args) => ({ file: 'docker', args: ['-H', host, ...args] }),
  };
  const daemon = await Daemon.start(
    stage,
    'dockerd',
    { file: 'dockerd', args: daemonArguments(stage, run, host) },
    client.command(['version']),
  );
  runToEnd(client.command(['import', imageTar(stage), 'busybox']));
  return {
    name: 'docker',
    versions: {
      'docker client': versionOf({ file: 'docker', args: ['--version'] }),
      dockerd: versionOf({ file: 'dockerd', args: ['--version'] }),
      containerd: versionOf({ file: 'containerd', args: ['--version'] }),
      runc: versionOf({ file: 'runc', args: ['--version'] }),
    },
    daemonPid: daemon.pid,
    subjects: [client],
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

function daemonArguments(stage: Stage, run: string, host: string): string[] {
  const config = join(run, 'daemon.json');
  writeFileSync(config, '{}');
  return [
    ...['--config-file', config, '--host', host, '--pidfile', join(run, 'pid')],
    ...['--data-root', join(stage.folder, 'docker'), '--exec-root', join(run, 'x')],
    ...['--bip', '172.28.0.1/16', '--cgroup-parent', stage.cgroup],
    ...['--log-level', 'warn'],
  ];
}
