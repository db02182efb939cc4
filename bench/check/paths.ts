import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, runToEnd } from '../measure/process.ts';
import { EngineClient } from '../peers/engine-client.ts';
import type { Peer, ServingDaemon, Subject } from '../peers/peer.ts';
import type { Stage } from '../stage/stage.ts';

/** A path whose speed matters to many users. */
export interface HotPath {
  readonly name: string;
  /** A client's command, of which only the client is traced, or else… */
  readonly command?: Command;
  /** …work of the daemon, which is traced with its child processes. */
  readonly work?: () => Promise<unknown>;
}

/** Prepares the paths and lists them. */
export async function hotPaths(stage: Stage, peer: Peer): Promise<readonly HotPath[]> {
  const client = peer.subjects[0] as Subject;
  const api = new EngineClient((peer.daemon as ServingDaemon).socket);
  const context = join(stage.directory, 'tmp');
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN true 1\nCOPY Dockerfile /\nRUN true 2\n');
  const build = client.command(['build', '-q', context]);
  runToEnd(build);
  runToEnd(client.command(['run', '-d', '--name', 'bench-check', 'busybox', 'sleep', '3600']));
  return [
    { name: 'client: --help', command: client.command(['--help']) },
    { name: 'client: ps', command: client.command(['ps']) },
    { name: 'client: run', command: client.command(['run', '--rm', 'busybox', 'true']) },
    { name: 'client: exec', command: client.command(['exec', 'bench-check', 'true']) },
    { name: 'client: build, cached', command: build },
    { name: 'daemon: ps', work: () => api.request('GET', '/containers/json') },
    { name: 'daemon: run', work: () => run(api) },
    { name: 'daemon: exec', work: () => exec(api) },
    { name: 'daemon: build, cached', work: async () => runToEnd(build) },
  ];
}

async function run(api: EngineClient): Promise<void> {
  const options = { Image: 'busybox', Cmd: ['true'] };
  const { Id } = (await api.request('POST', '/containers/create', options)) as { Id: string };
  await api.request('POST', `/containers/${Id}/start`);
  await api.request('POST', `/containers/${Id}/wait`);
  await api.request('DELETE', `/containers/${Id}`);
}

async function exec(api: EngineClient): Promise<void> {
  const options = { Cmd: ['true'] };
  const { Id } = (await api.request('POST', '/containers/bench-check/exec', options)) as { Id: string };
  await api.request('POST', `/exec/${Id}/start`, { Detach: true });
  for (;;) {
    const { Running } = (await api.request('GET', `/exec/${Id}/json`)) as { Running: boolean };
    if (!Running) return;
  }
}
