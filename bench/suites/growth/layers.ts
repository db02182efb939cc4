import { rmSync } from 'node:fs';
import { localName, makeArchive } from '../../images/archive.ts';
import { runToEnd, timeCommand } from '../../measure/process.ts';
import { summarize } from '../../measure/statistics.ts';
import type { Subject } from '../../peers/peer.ts';
import { presentRegistries, startRegistry } from '../../peers/registries.ts';
import { ownClient } from '../idle.ts';
import type { Workshop } from '../suite.ts';
import { ownPeer } from './own.ts';
import type { Growth } from './suite.ts';

/** The maximum number of layers of an image. */
const COUNTS = [1, 4, 16, 64, 127];

/** Small layers: the cost of each to load, push and pull, and to start a container on. */
export async function layerCurves(workshop: Workshop): Promise<readonly Growth[]> {
  const peer = ownPeer(workshop);
  const kind = presentRegistries()[0];
  if (!peer || !kind) return [];
  workshop.say(`growth: images of ${COUNTS.join(', ')} layers`);
  await using registry = await startRegistry(workshop.stage, kind);
  const costs: Awaited<ReturnType<typeof costsOf>>[] = [];
  for (const count of COUNTS) costs.push(await costsOf(workshop, ownClient(peer), registry.address, count));
  return (['load', 'push', 'pull', 'run --rm'] as const).map((key) => ({
    label: `layers: ${key}`,
    unit: 'ms',
    points: costs.map((cost, i) => ({ count: COUNTS[i] as number, cost: cost[key] })),
  }));
}

async function costsOf({ stage, effort }: Workshop, client: Subject, address: string, layers: number) {
  const request = { name: `bench-layers-${layers}`, layers, filesPerLayer: 3, fileSize: 4096 };
  const remote = `${address}/${request.name}`;
  const run = (...args: readonly string[]) => runToEnd(client.command(args));
  const time = (...args: readonly string[]) => timeCommand(client.command(args));
  const archive = await makeArchive(stage.directory, request);
  const load = time('load', '-i', archive);
  rmSync(archive);
  run('tag', localName(request), remote);
  const push = time('push', '-q', remote);
  run('rmi', localName(request), remote);
  const pull = time('pull', '-q', remote);
  /* The image contains no program, so it runs the host's. */
  const program = ['-v', '/usr/bin/busybox:/bin/true:ro', remote, '/bin/true'];
  const starts = Array.from({ length: effort.runs }, () => time('run', '--rm', ...program));
  run('rmi', remote);
  return { load, push, pull, 'run --rm': summarize(starts).median };
}
