import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, runToEnd } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';
import { Daemon } from './daemon.ts';
import { imageTar } from './image.ts';
import type { Peer, PeerKind, Subject } from './peer.ts';
import { programPath, versionOf } from './programs.ts';

const ROOT = join(import.meta.dirname, '../..');
const CLIENT = join(ROOT, 'barge');
const DAEMON = join(ROOT, 'barged');

export const barge: PeerKind = {
  name: 'barge',
  missing: () => (existsSync(DAEMON) ? undefined : `no ${DAEMON}: run npm run setup`),
  start,
};

async function start(stage: Stage): Promise<Peer> {
  const run = join(stage.run, 'barge');
  mkdirSync(run);
  const host = `unix://${run}/sock`;
  const client: Subject = {
    name: 'barge',
    command: (args) => ({ file: CLIENT, args: ['-H', host, ...args] }),
  };
  const daemon = await Daemon.start(stage, {
    name: 'barged',
    command: { file: DAEMON, args: daemonArguments(stage, run, host) },
    socket: join(run, 'sock'),
  });
  runToEnd(client.command(['import', imageTar(stage), 'busybox']));
  const docker = programPath('docker');
  return {
    name: 'barge',
    versions: { barge: versionOf({ file: CLIENT, args: ['--version'] }), ...ownRuntimes() },
    daemon,
    subjects: [client, ...(docker ? [dockerClient(docker, host)] : [])],
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

/** Separates the daemon's cost from the client's. */
function dockerClient(docker: string, host: string): Subject {
  return {
    name: 'docker→barged',
    command: (args): Command => ({ file: docker, args: ['-H', host, ...args] }),
  };
}

function daemonArguments(stage: Stage, run: string, host: string): string[] {
  const config = join(run, 'daemon.json');
  writeFileSync(config, '{}');
  return [
    ...['--config-file', config, '--host', host, '--pidfile', join(run, 'pid')],
    ...['--data-root', join(stage.directory, 'barge'), '--exec-root', join(run, 'x')],
    ...['--bridge', 'benchbarge', '--bip', '172.29.0.1/16', '--cgroup-parent', stage.cgroup],
    ...['--log-level', 'warn'],
  ];
}

function ownRuntimes(): Record<string, string> {
  return {
    node: process.versions.node,
    ...(programPath('crun') ? { crun: versionOf({ file: 'crun', args: ['--version'] }) } : {}),
  };
}
