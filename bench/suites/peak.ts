import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ImageMountOptions, localName, makeArchive } from '../images/archive.ts';
import { processTrees, sumOfPss } from '../measure/memory.ts';
import { runToEnd, timeBeside } from '../measure/process.ts';
import type { Peer } from '../peers/peer.ts';
import { presentRegistries, type RunningRegistry, startRegistry } from '../peers/registries.ts';
import { ownClient } from './idle.ts';
import { type Figures, playRounds } from './rounds.ts';
import type { Section, Suite, Workshop } from './suite.ts';

/** The peak memory of an engine during a large pull. */
export const peakSuite: Suite = { name: 'peak', effort: { warmup: 0, runs: 1 }, measure };

const IMAGE: ImageMountOptions = { name: 'bench-huge', layers: 8, filesPerLayer: 256, fileSize: 1 << 20 };
const SAMPLE_MS = 30;
const MB = 1e6;

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const { stage, peers } = workshop;
  /* Prefers Debian's registry, because our own server's memory is not measured here. */
  const kind = presentRegistries().at(-1);
  if (!kind) return [];
  await using server = await startRegistry(stage, kind);
  workshop.say(`making an image of ${IMAGE.layers} layers of ${IMAGE.filesPerLayer} MiB`);
  await seed(workshop, server);
  const name = `${server.address}/${IMAGE.name}`;
  const figures = await playRounds(workshop, {
    title: 'peak memory',
    contestants: peers,
    turn: (peer) => pullWatched(peer, name),
  });
  return [
    {
      name: 'peak',
      title: 'Pulling an image of 2 GiB (8 layers)',
      rows: Object.entries(figures).map(([label, samples]) => ({
        label,
        unit: label === 'time' ? 's' : 'MB',
        samples,
      })),
      notes: [
        `PSS of the daemon and all that it starts, every ${SAMPLE_MS} ms; of podman, which has none, of the client.`,
      ],
    },
  ];
}

async function seed({ stage, peers }: Workshop, { address }: RunningRegistry): Promise<void> {
  const archive = await makeArchive(stage.directory, IMAGE);
  const first = ownClient(peers[0] as Peer);
  const run = (...args: readonly string[]) => runToEnd(first.command(args));
  try {
    run('load', '-i', archive);
  } finally {
    rmSync(archive);
  }
  run('tag', localName(IMAGE), `${address}/${IMAGE.name}`);
  run('push', '-q', `${address}/${IMAGE.name}`);
  run('rmi', localName(IMAGE), `${address}/${IMAGE.name}`);
}

async function pullWatched(peer: Peer, name: string): Promise<Figures> {
  const client = ownClient(peer);
  runToEnd({ file: 'sync', args: [] });
  let watched: Promise<number> = Promise.resolve(0);
  const ended = new AbortController();
  const before = peer.daemon ? sumOfPss(processTrees([peer.daemon.pid])) : 0;
  const time = await timeBeside(client.command(['pull', '-q', name]), (pid) => {
    watched = watch(peer.daemon?.pid ?? pid, ended.signal);
  });
  ended.abort();
  const peak = await watched;
  runToEnd(client.command(['rmi', name]));
  return { time: time / 1000, 'memory before': before / MB, 'memory at its peak': peak / MB };
}

/** The largest observed sum. */
async function watch(root: number, until: AbortSignal): Promise<number> {
  let peak = 0;
  while (!until.aborted) {
    peak = Math.max(peak, sumOfPss(processTrees([root])));
    await sleep(SAMPLE_MS);
  }
  return peak;
}
