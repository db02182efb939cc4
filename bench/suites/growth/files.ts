import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localName, makeArchive } from '../../images/archive.ts';
import { runToEnd, timeCommand } from '../../measure/process.ts';
import type { Subject } from '../../peers/peer.ts';
import type { Stage } from '../../stage/stage.ts';
import { ownClient } from '../idle.ts';
import type { Workshop } from '../suite.ts';
import { ownPeer } from './own.ts';
import type { Growth } from './suite.ts';

const COUNTS = [10, 100, 1000, 10_000, 100_000];
const PER_DIRECTORY = 500;

/** Small files: in a layer to load and save, and in the context of a build. */
export async function fileCurves(workshop: Workshop): Promise<readonly Growth[]> {
  const peer = ownPeer(workshop);
  if (!peer) return [];
  workshop.say(`growth: ${COUNTS.join(', ')} files`);
  const costs: Awaited<ReturnType<typeof costsOf>>[] = [];
  for (const count of COUNTS) costs.push(await costsOf(workshop.stage, ownClient(peer), count));
  return (['load', 'save', 'build with COPY', 'build, unchanged'] as const).map((key) => ({
    label: `files: ${key}`,
    unit: 'ms',
    points: costs.map((cost, i) => ({ count: COUNTS[i] as number, cost: cost[key] })),
  }));
}

async function costsOf(stage: Stage, client: Subject, count: number) {
  const request = { name: `bench-files-${count}`, layers: 1, filesPerLayer: count, fileSize: 256 };
  const time = (...args: readonly string[]) => timeCommand(client.command(args));
  const archive = await makeArchive(stage.directory, request);
  const load = time('load', '-i', archive);
  const save = time('save', '-o', archive, localName(request));
  rmSync(archive);
  runToEnd(client.command(['rmi', localName(request)]));
  const context = join(stage.directory, 'growth-context');
  fill(context, count);
  const build = ['build', '-q', '-t', 'bench-growth', context];
  const fresh = time(...build);
  const cached = time(...build);
  rmSync(context, { recursive: true });
  runToEnd(client.command(['rmi', 'bench-growth']));
  return { load, save, 'build with COPY': fresh, 'build, unchanged': cached };
}

function fill(directory: string, count: number): void {
  mkdirSync(directory);
  writeFileSync(join(directory, 'Dockerfile'), 'FROM busybox\nCOPY . /src\n');
  for (let file = 0; file < count; file++) {
    const below = join(directory, `d${Math.floor(file / PER_DIRECTORY)}`);
    if (file % PER_DIRECTORY === 0) mkdirSync(below);
    writeFileSync(join(below, `f${file}`), `file ${file} of ${count}\n`.repeat(10));
  }
}
