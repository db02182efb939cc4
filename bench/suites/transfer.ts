import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ImageMountOptions, localName, makeArchive } from '../images/archive.ts';
import { type Command, runToEnd } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import { presentRegistries, type RegistryKind, startRegistry } from '../peers/registries.ts';
import { ownClient } from './idle.ts';
import { fewerRounds, playRounds } from './rounds.ts';
import type { Section, Suite, Workshop } from './suite.ts';
import { type Route, remoteName, Transfer } from './transfer-turn.ts';

/** Image transfers: load, push, save and pull, to and from each registry. */
export const transferSuite: Suite = { name: 'transfer', effort: { warmup: 0, runs: 2 }, measure };

interface Cargo extends ImageMountOptions {
  readonly title: string;
  readonly rounds: number;
  /** Seconds to wait after the removal of one. */
  readonly rest: number;
}

/**
 * Ext4 does not reuse the inodes of removed files for 35 s, and searches past each of them whenever a file is created:
 * after tens of thousands were removed, creating a file takes ten times as long.
 */
const INODES_REST_S = 36;

const CARGOES: readonly Cargo[] = [
  {
    name: 'bench-big',
    title: '8 layers of 64 MiB',
    layers: 8,
    filesPerLayer: 64,
    fileSize: 1 << 20,
    rounds: 2,
    rest: 0,
  },
  {
    name: 'bench-small',
    title: '60,000 files of 2 kB',
    layers: 1,
    filesPerLayer: 60_000,
    fileSize: 2048,
    rounds: 1,
    rest: INODES_REST_S,
  },
];

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const sections: Section[] = [];
  for (const cargo of CARGOES) sections.push(await measureCargo(workshop, cargo));
  return sections;
}

async function measureCargo(workshop: Workshop, cargo: Cargo): Promise<Section> {
  await using stack = new AsyncDisposableStack();
  const contestants = workshop.peers.map(ownClient);
  const routes: Route[] = [];
  for (const kind of presentRegistries())
    routes.push(await makeRoute(workshop, contestants[0] as Subject, cargo, kind, stack));
  for (const { inbound, server } of routes)
    runToEnd(contestants[0]?.command(['rmi', remoteName(server, inbound), localName(inbound)]) as Command);
  await sleep(1000 * cargo.rest);
  const figures = await playRounds(workshop, {
    title: `transfer of ${cargo.title}`,
    contestants,
    effort: fewerRounds({ warmup: 0, runs: cargo.rounds }, workshop),
    turn: async (subject, now) => {
      const transfer = new Transfer(workshop.stage, subject, routes);
      if (now > 0) transfer.removeAll();
      if (now > 0) await sleep(1000 * cargo.rest);
      return transfer.all();
    },
  });
  for (const subject of contestants) new Transfer(workshop.stage, subject, routes).removeAll();
  return {
    name: cargo.name.replace('bench', 'transfer'),
    title: `An image of ${cargo.title}, moved`,
    rows: Object.entries(figures).map(([label, samples]) => ({ label, unit: 's', samples })),
    notes: [
      'Half of the content does not compress. Registries are on this machine, without TLS; a push goes to one that is ' +
        'empty and new, of an image just loaded, so that it must be compressed; before each command, `sync`.',
    ],
  };
}

/** Prepares a route: the subject pushes the image that it pulls later to the server, and so also has it. */
async function makeRoute(
  { stage }: Workshop,
  subject: Subject,
  cargo: Cargo,
  kind: RegistryKind,
  stack: AsyncDisposableStack,
): Promise<Route> {
  const server = stack.use(await startRegistry(stage, kind));
  const outbound = { ...cargo, name: `${cargo.name}-to-${kind.program}` };
  const inbound = { ...cargo, name: `${cargo.name}-from-${kind.program}` };
  const seed = await makeArchive(stage.directory, inbound);
  const run = (...args: readonly string[]) => runToEnd(subject.command(args));
  run('load', '-i', seed);
  rmSync(seed);
  run('tag', localName(inbound), remoteName(server, inbound));
  run('push', '-q', remoteName(server, inbound));
  const archive = await makeArchive(stage.directory, outbound);
  stack.defer(() => rmSync(archive));
  return { kind, outbound, archive, inbound, server };
}
