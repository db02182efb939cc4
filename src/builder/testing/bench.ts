import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ProgressMessage } from '../../api/engine/system.ts';
import type { Digest } from '../../core/digest.ts';
import { buildImage } from '../build.ts';
import { classicStream } from '../report/classic-stream.ts';
import type { BuildEvent } from '../report/events.ts';
import type { BuildRequest } from '../request.ts';
import { FakeWorker } from './fake-worker.ts';
import { MemoryCache } from './memory-cache.ts';

/** One temporary build context with a fake worker and a cache: `await using bench = await Bench.open()`. */
export class Bench implements AsyncDisposable {
  readonly worker = new FakeWorker();
  readonly cache = new MemoryCache();
  readonly context: string;
  events: BuildEvent[] = [];
  messages: ProgressMessage[] = [];
  #seconds = 0;

  constructor(context: string) {
    this.context = context;
    this.worker.addImage('base', { 'etc/passwd': PASSWD, 'etc/group': GROUP });
  }

  static async open(files: Readonly<Record<string, string>> = {}): Promise<Bench> {
    const bench = new Bench(await mkdtemp(join(tmpdir(), 'barge-build-test-')));
    await bench.write(files);
    return bench;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.context, path)), { recursive: true });
      await writeFile(join(this.context, path), text);
    }
  }

  async link(path: string, target: string): Promise<void> {
    await symlink(target, join(this.context, path));
  }

  /** Builds this text; a fixed scope makes builds of one bench comparable. */
  async build(text: string, request: Partial<BuildRequest> = {}): Promise<Digest> {
    this.events = [];
    this.messages = [];
    const classic = classicStream((message) => this.messages.push(message));
    const { id } = await buildImage(
      {
        contextDir: this.context,
        dockerfile: { text },
        scope: 'test',
        signal: new AbortController().signal,
        ...request,
      },
      {
        worker: this.worker,
        cache: this.cache,
        reporter: {
          report: (event) => {
            this.events.push(event);
            classic.report(event);
          },
        },
        clock: { now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, this.#seconds++)) },
      },
    );
    if (id === undefined) throw new TypeError('a check does not build an image');
    return id;
  }

  /** `text: hit` or `text: reason` for each step except FROM that changes or may change something. */
  verdicts(): string[] {
    return this.events.flatMap((event) => {
      if (event.kind === 'missed') return [`${event.step.text}: ${event.reason}`];
      return event.kind === 'done' && event.cached ? [`${event.step.text}: hit`] : [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.context, { recursive: true, force: true });
  }
}

const PASSWD = 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n';
const GROUP = 'root:x:0:\napp:x:1001:\nweb:x:33:\n';
