import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BuildMessage } from '../../api/build-events.ts';
import type { AuthConfig, ProgressMessage } from '../../api/engine/system.ts';
import { readAnnotations } from '../../builder/annotations.ts';
import { readAttestations } from '../../builder/attest/options.ts';
import { buildImage } from '../../builder/build.ts';
import type { NamedContext } from '../../builder/contexts.ts';
import { buildErrorMessage, classicStream } from '../../builder/report/classic-stream.ts';
import { allReporters, messageReporter } from '../../builder/report/messages.ts';
import type { BuildRequest, Entitlement } from '../../builder/request.ts';
import { cancelled, invalidParameter, messageOf } from '../../core/errors.ts';
import { decompress } from '../../image/compression.ts';
import type { Engine } from '../engine.ts';
import type { BuildState } from './builds.ts';
import { StoredBuildCache } from './cache.ts';
import { BuildCaches, CACHE_CONTEXT, readCaches, type WithCaches } from './caches.ts';
import { fetchContext } from './remote-context.ts';
import type { BuildSession } from './sessions.ts';
import { EngineWorker } from './worker.ts';

interface BuildJob {
  /** The context: a tar, compressed or not; read only when there is no other source. */
  readonly tar: Readable;
  /** The URL of a remote context. */
  readonly remote?: string;
  /** The build session that a Barge client opened before. */
  readonly session?: BuildSession;
  /** Further contexts by name: image references (`docker-image://…`) and addresses. */
  readonly namedContexts?: Readonly<Record<string, string>>;
  /** The build's id for `/build/cancel`. */
  readonly buildId?: string;
  readonly request: Omit<BuildRequest, 'contextDir'>;
  readonly options: BuildRequests;
  readonly auth: Readonly<Record<string, AuthConfig>>;
  readonly quiet: boolean;
  readonly write: (message: ProgressMessage) => void;
  /** Receives structured messages, in place of the classic ones. */
  readonly tell?: (message: BuildMessage) => void;
}

/** Options as the user wrote them, still to be parsed. */
interface BuildRequests {
  readonly annotations: readonly string[];
  readonly attestations: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
}

/** Builds, and reports progress in messages. Errors are thrown, not written. */
export async function runBuild(engine: Engine, state: BuildState, job: BuildJob): Promise<void> {
  const { buildId, request } = job;
  const stop = new AbortController();
  if (buildId !== undefined && state.active.has(buildId)) {
    throw invalidParameter(`a build with the id ${buildId} is already in progress`);
  }
  const annotations = readAnnotations(job.options.annotations);
  const attestations = readAttestations(job.options.attestations);
  const caches = readCaches(job.options);
  if (buildId !== undefined) state.active.set(buildId, stop);
  const signal = AbortSignal.any([request.signal, stop.signal]);
  try {
    const wanted = { ...request, annotations, attestations, signal };
    await recorded(engine, state, { ...job, caches, request: wanted });
  } finally {
    if (buildId !== undefined) state.active.delete(buildId);
    void state.collect();
  }
}

async function recorded(engine: Engine, state: BuildState, job: BuildJob & WithCaches): Promise<void> {
  const { request, session } = job;
  const { tags = [], target, platforms = [], buildArgs = {} } = request;
  const platform = platforms.join(',');
  const secrets = session?.secrets.values() ?? [];
  const file = 'path' in request.dockerfile ? request.dockerfile.path : 'Dockerfile';
  const about = { Name: tags[0] ?? file, Tags: tags, BuildArgs: Object.keys(buildArgs) };
  const optional = { ...(target ? { Target: target } : {}), ...(platform ? { Platform: platform } : {}) };
  const running = await state.history.begin({ ...about, ...optional }, secrets);
  const tell = (message: BuildMessage) => {
    running.add(message);
    job.tell?.(message);
  };
  try {
    job.tell?.({ kind: 'begun', id: running.record.ID, at: Date.now() });
    await inDirectory(engine, (directory) =>
      build(engine, state, { ...job, tell, id: running.record.ID }, directory),
    );
    running.finish('completed');
  } catch (error) {
    running.finish(request.signal.aborted ? 'canceled' : 'error', messageOf(error));
    throw error;
  } finally {
    state.endHistory(running);
  }
}

async function inDirectory(engine: Engine, use: (directory: string) => Promise<void>): Promise<void> {
  const parent = join(engine.dataRoot, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(parent, 'context-'));
  try {
    await use(directory);
  } finally {
    await engine.host.files.removeTree(directory);
  }
}

async function build(
  engine: Engine,
  state: BuildState,
  job: BuildJob & WithCaches & { readonly id: string; readonly tell: (message: BuildMessage) => void },
  directory: string,
): Promise<void> {
  const { request, session, quiet } = job;
  const main = await mainContext(engine, job, directory);
  const contexts = await namedContexts(engine, job, directory);
  const messages = messageReporter(job.tell);
  const classic = classicStream(job.write, { quiet });
  const reporter = allReporters(messages, classic);
  const own = new StoredBuildCache(engine.db, engine.layers, state.running);
  using caches = await BuildCaches.open(engine, own, job, reporter);
  await using worker = new EngineWorker(engine, job.auth, state.caches, caches.inline);
  const { images } = await buildImage(
    {
      ...request,
      ...main,
      contexts,
      ...(session ? { secrets: session.secrets, agents: session.agents } : {}),
    },
    {
      worker,
      cache: caches.cache,
      reporter,
      clock: { now: () => new Date() },
      digests: state.digests,
    },
  );
  const kept = await caches.deliver(images);
  if (kept) state.keepCache(job.id, kept);
}

/** The location of the main context, and the Dockerfile where the context determines it. */
async function mainContext(
  { host }: Pick<Engine, 'host'>,
  { remote, session, tar, request }: BuildJob,
  directory: string,
): Promise<Pick<BuildRequest, 'contextDir' | 'dockerfile'>> {
  const { dockerfile, signal } = request;
  const root = join(directory, 'main');
  await mkdir(root);
  const given = session?.dockerfile ?? dockerfile;
  if (remote) {
    const fetched = await fetchContext(host.files, remote, root, signal).catch((error: unknown) => {
      throw signal.aborted ? cancelled('build cancelled', { cause: error }) : error;
    });
    const text = fetched.dockerfile;
    return { contextDir: fetched.directory, dockerfile: text === undefined ? given : { text } };
  }
  if (session?.contexts.has('')) return { contextDir: session.context('').files, dockerfile: given };
  await host.files.unpackTar({ root, tar: await decompress(tar), rules: 'context', signal });
  return { contextDir: root, dockerfile: given };
}

async function namedContexts(
  { host }: Pick<Engine, 'host'>,
  job: BuildJob,
  directory: string,
): Promise<Map<string, NamedContext>> {
  const found = new Map<string, NamedContext>();
  for (const [name, context] of job.session?.contexts ?? []) {
    if (name !== '' && !name.startsWith(CACHE_CONTEXT))
      found.set(name.toLowerCase(), { kind: 'directory', directory: context.files });
  }
  let count = 0;
  for (const [name, address] of Object.entries(job.namedContexts ?? {})) {
    const reference = /^docker-image:\/\/(.+)$/.exec(address)?.[1];
    if (reference !== undefined) found.set(name.toLowerCase(), { kind: 'image', reference });
    else {
      const root = join(directory, `named-${count++}`);
      await mkdir(root);
      const fetched = await fetchContext(host.files, address, root, job.request.signal);
      if (fetched.dockerfile !== undefined) {
        throw invalidParameter(`build context ${name}: ${address} is not an archive`);
      }
      found.set(name.toLowerCase(), { kind: 'directory', directory: fetched.directory });
    }
  }
  return found;
}

export type { Entitlement };
export { buildErrorMessage };
