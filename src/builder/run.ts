import type { BuildCache } from './cache.ts';
import type { FileDigests } from './copy/file-digests.ts';
import type { StepIo } from './execute/io.ts';
import type { Dockerfile } from './parse/dockerfile.ts';
import type { BuildReporter } from './report/events.ts';
import type { BuildRequest } from './request.ts';
import type { BuildWorker } from './worker.ts';

/** What a build works with. */
export interface BuildDeps {
  readonly worker: BuildWorker;
  readonly cache: BuildCache;
  readonly reporter: BuildReporter;
  readonly clock: { now(): Date };
  /** Kept between builds, spares reading unchanged files of a context that stays in place. */
  readonly digests?: FileDigests;
}

/** One build with all that its parts share. */
export interface BuildRun {
  readonly request: BuildRequest;
  readonly deps: BuildDeps;
  readonly dockerfile: Dockerfile;
  /** See `BuildRequest.scope`. */
  readonly scope: string;
  readonly digests: FileDigests;
  readonly context: StepIo['context'];
  readonly began: Date;
  now(): Date;
}
