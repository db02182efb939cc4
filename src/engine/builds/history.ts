import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { BuildMessage, BuildRecord } from '../../api/build-events.ts';
import { writeDurably } from '../../core/durable.ts';
import { errnoOf, notFound } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { failsElsewhere } from '../../core/streams.ts';

/** Maximum number of builds in the history. */
const MAX_BUILDS = 50;
/** Maximum bytes of stored messages of each build. */
const MAX_LOG = 2 << 20;
/** Characters. Shorter secrets are not redacted: replacing them would garble the messages. */
const MIN_SECRET = 4;

/** Recent builds: a record and the messages of each, in separate files. */
export class BuildHistory {
  readonly #root: string;
  readonly #running = new Map<string, BuildRecord>();
  /** Records that are being written. */
  readonly #ending = new Set<Promise<void>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** @param secrets values to redact in the stored messages. */
  async begin(
    record: Pick<BuildRecord, 'Name' | 'Tags' | 'Target' | 'Platform' | 'BuildArgs'>,
    secrets: Iterable<Uint8Array>,
  ): Promise<RunningRecord> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    const id = newId().slice(0, 25);
    /* A full disk must not end the build. */
    const log = failsElsewhere(createWriteStream(this.#path(id, 'log'), { mode: 0o600 }));
    const texts = [...secrets].map((secret) => Buffer.from(secret).toString().trim());
    const blots = texts.filter((text) => text.length >= MIN_SECRET);
    const running = new RunningRecord(id, record, log, blots, (now) => this.#running.set(id, now));
    this.#running.set(id, running.record);
    return running;
  }

  /** Records the outcome of a build, and removes the oldest builds. Readers of the history wait for it; a build need not. */
  end(running: RunningRecord): Promise<void> {
    const ending = this.#end(running).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    return ending;
  }

  async #end(running: RunningRecord): Promise<void> {
    const { record } = running;
    await running.close();
    await writeDurably(this.#path(record.ID, 'json'), JSON.stringify(record), 0o600);
    this.#running.delete(record.ID);
    const old = (await this.#all()).filter(({ Status }) => Status !== 'running').slice(MAX_BUILDS);
    for (const { ID } of old) await this.#remove(ID);
  }

  /** Newest first. */
  async list(): Promise<BuildRecord[]> {
    await Promise.allSettled(this.#ending);
    return await this.#all();
  }

  async #all(): Promise<BuildRecord[]> {
    const ids = (await this.#names())
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -5));
    const ended = await Promise.all(ids.map((id) => this.#read(id)));
    const all = [...this.#running.values(), ...ended.filter((record) => record !== undefined)];
    return all.sort((a, b) => (a.StartedAt < b.StartedAt ? 1 : -1));
  }

  /** @param ref an id or a prefix of one. @throws BargeError not-found. */
  async find(ref: string): Promise<BuildRecord> {
    const found = (await this.list()).find(({ ID }) => ref !== '' && ID.startsWith(ref));
    if (!found) throw notFound(`no such build: ${ref}: barge builds ls lists recent builds`);
    return found;
  }

  async messages(id: string): Promise<BuildMessage[]> {
    const text = await readFile(this.#path(id, 'log'), 'utf8');
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as BuildMessage);
  }

  /** @param ref as for `find`; undefined: all finished builds. @returns the removed ids. */
  async remove(ref: string | undefined): Promise<string[]> {
    const found = ref === undefined ? await this.list() : [await this.find(ref)];
    const ids = found.filter(({ Status }) => Status !== 'running').map(({ ID }) => ID);
    for (const id of ids) await this.#remove(id);
    return ids;
  }

  async #remove(id: string): Promise<void> {
    await rm(this.#path(id, 'json'), { force: true });
    await rm(this.#path(id, 'log'), { force: true });
  }

  async #read(id: string): Promise<BuildRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.#path(id, 'json'), 'utf8')) as BuildRecord;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#root);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #path(id: string, kind: 'json' | 'log'): string {
    return join(this.#root, `${id}.${kind}`);
  }
}

/** A build in progress. */
export class RunningRecord {
  #record: BuildRecord;
  readonly #log: WriteStream;
  readonly #blots: readonly string[];
  readonly #changed: (record: BuildRecord) => void;
  #written = 0;

  constructor(
    id: string,
    about: Pick<BuildRecord, 'Name' | 'Tags' | 'Target' | 'Platform' | 'BuildArgs'>,
    log: WriteStream,
    blots: readonly string[],
    changed: (record: BuildRecord) => void,
  ) {
    const StartedAt = new Date().toISOString();
    const counts = { TotalSteps: 0, CompletedSteps: 0, CachedSteps: 0 };
    this.#record = { ID: id, ...about, Status: 'running', StartedAt, ...counts };
    this.#log = log;
    this.#blots = blots;
    this.#changed = changed;
  }

  get record(): BuildRecord {
    return this.#record;
  }

  add(message: BuildMessage): void {
    const line = this.#blotted(`${JSON.stringify(message)}\n`);
    const always = message.kind !== 'output';
    if (always || this.#written + line.length <= MAX_LOG) {
      this.#log.write(line);
      this.#written += line.length;
    }
    const { CompletedSteps, CachedSteps } = this.#record;
    if (message.kind === 'planned') this.#change({ TotalSteps: message.steps.length });
    else if (message.kind === 'done') {
      const cached = message.cached ? 1 : 0;
      this.#change({ CompletedSteps: CompletedSteps + 1, CachedSteps: CachedSteps + cached });
    } else if (message.kind === 'built') this.#change({ ImageID: message.id });
  }

  finish(Status: BuildRecord['Status'], failure?: string): void {
    const CompletedAt = new Date().toISOString();
    this.#change({
      Status,
      CompletedAt,
      ...(failure === undefined ? {} : { Error: this.#blotted(failure) }),
    });
  }

  async close(): Promise<void> {
    this.#log.end();
    await finished(this.#log).catch(() => undefined);
  }

  #change(change: Partial<BuildRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#changed(this.#record);
  }

  #blotted(text: string): string {
    let result = text;
    for (const blot of this.#blots) {
      result = result.replaceAll(blot, '***').replaceAll(JSON.stringify(blot).slice(1, -1), '***');
    }
    return result;
  }
}
