import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buildImage } from '../../build/build.ts';
import { FileDigests } from '../../build/copy/file-digests.ts';
import { buildErrorMessage, classicStream } from '../../build/report/classic-stream.ts';
import type { BuildRequest } from '../../build/request.ts';
import { unpackTar } from '../../host/fs-tool.ts';
import { decompress } from '../../image/compression.ts';
import type { AuthConfig, ProgressMessage } from '../../spec/engine.ts';
import type { Engine } from '../engine.ts';
import { StoredBuildCache } from './cache.ts';
import { EngineWorker } from './worker.ts';

export interface BuildJob {
  /** The context: a tar, compressed or not. */
  readonly tar: Readable;
  readonly request: Omit<BuildRequest, 'contextDir'>;
  readonly auth: Readonly<Record<string, AuthConfig>>;
  readonly quiet: boolean;
  readonly write: (message: ProgressMessage) => void;
}

/** Builds a context that comes as a tar, and tells of it in classic messages. Errors are thrown, not written. */
export async function buildFromTar(engine: Engine, job: BuildJob): Promise<void> {
  const parent = join(engine.dataRoot, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const contextDir = await mkdtemp(join(parent, 'context-'));
  try {
    await unpackTar({ root: contextDir, tar: await decompress(job.tar), signal: job.request.signal });
    using worker = new EngineWorker(engine, job.auth);
    await buildImage(
      { ...job.request, contextDir },
      {
        worker,
        cache: new StoredBuildCache(engine.db, engine.layers),
        reporter: classicStream(job.write, { quiet: job.quiet }),
        clock: { now: () => new Date() },
        digests: new FileDigests(),
      },
    );
  } finally {
    await rm(contextDir, { recursive: true, force: true });
  }
}

export { buildErrorMessage };
