import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageWish, localName, makeArchive } from '../images/archive.ts';
import { runToEnd, timeCommand } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import {
  presentRegistries,
  type RegistryKind,
  type RunningRegistry,
  startRegistry,
} from '../peers/registries.ts';
import type { Stage } from '../stage/stage.ts';
import { ownClient } from './idle.ts';
import { type Figures, fewerRounds, playRounds } from './rounds.ts';
import type { Section, Suite, Workshop } from './suite.ts';

/** Images on the move: load, push, save, pull, to and from each registry. */
export const transferSuite: Suite = { name: 'transfer', effort: { warmup: 0, runs: 2 }, measure };

interface Cargo extends ImageWish {
  readonly title: string;
  readonly rounds: number;
}

const IMAGES: readonly Cargo[] = [
  {
    name: 'bench-big',
    title: '8 layers of 64 MiB',
    layers: 8,
    filesPerLayer: 64,
    fileSize: 1 << 20,
    rounds: 2,
  },
  {
    name: 'bench-small',
    title: '60,000 files of 2 kB',
    layers: 1,
    filesPerLayer: 60_000,
    fileSize: 2048,
    rounds: 1,
  },
];

/** A registry's server that has the image already. */
interface Source {
  readonly kind: RegistryKind;
  readonly server: RunningRegistry;
}

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const sections: Section[] = [];
  for (const image of IMAGES) {
    const archive = await makeArchive(workshop.stage.folder, image);
    try {
      sections.push(await measureImage(workshop, image, archive));
    } finally {
      rmSync(archive);
    }
  }
  return sections;
}

async function measureImage(workshop: Workshop, image: Cargo, archive: string): Promise<Section> {
  await using stack = new AsyncDisposableStack();
  const { stage } = workshop;
  const contestants = workshop.peers.map(ownClient);
  const sources: Source[] = [];
  for (const kind of presentRegistries()) {
    const server = stack.use(await startRegistry(stage, kind));
    sources.push({ kind, server });
  }
  seed(contestants[0] as Subject, image, archive, sources);
  const figures = await playRounds(workshop, {
    title: `transfer of ${image.title}`,
    contestants,
    effort: fewerRounds({ warmup: 0, runs: image.rounds }, workshop),
    turn: (subject) => new Transfer(stage, subject, image, archive).all(sources),
  });
  return {
    name: image.name.replace('bench', 'transfer'),
    title: `An image of ${image.title}, moved`,
    rows: Object.entries(figures).map(([label, samples]) => ({ label, unit: 's', samples })),
    notes: [
      'Half of the content does not compress. Registries are on this machine, without TLS; a push goes to one that is ' +
        'empty and new, of an image just loaded, so that it must be compressed; before each command, `sync`.',
    ],
  };
}

/** All sources hold the same blobs. */
function seed(subject: Subject, image: ImageWish, archive: string, sources: readonly Source[]): void {
  const run = (...args: readonly string[]) => runToEnd(subject.command(args));
  run('load', '-i', archive);
  for (const { server } of sources) {
    run('tag', localName(image), remoteName(server, image));
    run('push', '-q', remoteName(server, image));
    run('rmi', remoteName(server, image));
  }
  run('rmi', localName(image));
}

const remoteName = ({ address }: RunningRegistry, { name }: ImageWish) => `${address}/${name}:latest`;

/** What one client does in a turn; seconds. */
class Transfer {
  readonly #stage: Stage;
  readonly #subject: Subject;
  readonly #image: ImageWish;
  readonly #archive: string;

  constructor(stage: Stage, subject: Subject, image: ImageWish, archive: string) {
    this.#stage = stage;
    this.#subject = subject;
    this.#image = image;
    this.#archive = archive;
  }

  async all(sources: readonly Source[]): Promise<Figures> {
    const figures: Record<string, number> = {};
    for (const { kind } of sources) {
      figures.load = this.#time('load', '-i', this.#archive);
      figures[`push to ${kind.program}`] = await this.#push(kind);
      figures.save ??= this.#save();
      this.#run('rmi', localName(this.#image));
    }
    for (const { kind, server } of sources) {
      figures[`pull from ${kind.program}`] = this.#time('pull', '-q', remoteName(server, this.#image));
      this.#run('rmi', remoteName(server, this.#image));
    }
    return figures;
  }

  async #push(kind: RegistryKind): Promise<number> {
    await using server = await startRegistry(this.#stage, kind);
    const name = remoteName(server, this.#image);
    this.#run('tag', localName(this.#image), name);
    const time = this.#time('push', '-q', name);
    this.#run('rmi', name);
    return time;
  }

  #save(): number {
    const path = join(this.#stage.folder, 'saved.tar');
    try {
      return this.#time('save', '-o', path, localName(this.#image));
    } finally {
      rmSync(path, { force: true });
    }
  }

  #run(...args: readonly string[]): void {
    runToEnd(this.#subject.command(args));
  }

  #time(...args: readonly string[]): number {
    runToEnd({ file: 'sync', args: [] });
    return timeCommand(this.#subject.command(args)) / 1000;
  }
}
