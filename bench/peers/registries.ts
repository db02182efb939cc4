import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../../src/core/errors.ts';
import type { Command } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';
import { missingProgram, versionOf } from './programs.ts';

/** A registry server under measurement; ours is called `barge` in tables. */
export interface RegistryKind {
  readonly name: string;
  readonly program: string;
  missing(): string | undefined;
  version(): string;
  serve(directory: string, address: string): Command;
}

export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly pid: number;
}

const OURS = join(import.meta.dirname, '../../barge-registry');

const ownRegistry: RegistryKind = {
  name: 'barge',
  program: 'barge-registry',
  missing: () => undefined,
  version: () => versionOf({ file: OURS, args: ['--version'] }),
  serve: (directory, address) => ({
    file: OURS,
    args: ['--data-root', join(directory, 'data'), '--listen', address, '--log-level', 'error'],
  }),
};

const dockerRegistry: RegistryKind = {
  name: 'docker-registry',
  program: 'docker-registry',
  missing: () => missingProgram('docker-registry'),
  version: () => versionOf({ file: 'docker-registry', args: ['--version'] }),
  serve: (directory, address) => {
    const config = join(directory, 'config.yml');
    writeFileSync(
      config,
      [
        'version: 0.1',
        'log: { level: error, accesslog: { disabled: true } }',
        `storage: { cache: { blobdescriptor: inmemory }, filesystem: { rootdirectory: "${join(directory, 'data')}" } }`,
        `http: { addr: "${address}" }`,
        '',
      ].join('\n'),
    );
    return { file: 'docker-registry', args: ['serve', config] };
  },
};

export const REGISTRIES: readonly RegistryKind[] = [ownRegistry, dockerRegistry];

export const presentRegistries = (): readonly RegistryKind[] => REGISTRIES.filter((kind) => !kind.missing());

const START_MS = 20_000;
const FIRST_PORT = 21_000;
let started = 0;

/** An empty registry at a new address, so that no client has cached what it contains. */
export async function startRegistry(stage: Stage, kind: RegistryKind): Promise<RunningRegistry> {
  const port = FIRST_PORT + started++;
  const address = `127.0.0.1:${port}`;
  const directory = join(stage.directory, `registry-${port}`);
  mkdirSync(directory);
  const { file, args } = kind.serve(directory, address);
  const log = openSync(join(stage.directory, 'logs', `${kind.program}-${port}.log`), 'w');
  const child = spawn(file, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  await isReady(kind, child, address);
  return {
    address,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(directory, { recursive: true });
    },
  };
}

async function isReady({ program }: RegistryKind, child: ChildProcess, address: string): Promise<void> {
  for (const began = performance.now(); performance.now() - began < START_MS; await sleep(20)) {
    if (child.exitCode !== null) break;
    const response = await fetch(`http://${address}/v2/`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
  }
  throw systemError(`${program} did not start at ${address}`);
}
