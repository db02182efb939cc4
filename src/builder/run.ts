import type { BuildCache } from './cache.ts';
import type { FileDigests } from './copy/file-digests.ts';
import type { StepIo } from './execute/io.ts';
import type { Dockerfile } from './parse/dockerfile.ts';
import type { BuildReporter } from './report/events.ts';
import type { BuildRequest } from './request.ts';
import type { BuildWorker } from './worker.ts';

/** The dependencies of a build. */
export interface BuildDeps {
  readonly worker: BuildWorker;
  readonly cache: BuildCache;
  readonly reporter: BuildReporter;
  readonly clock: { now(): Date };
  /** Shared between builds, to avoid reading unchanged files of a persistent context. */
  readonly digests?: FileDigests;
}

/** One build with the state that its parts share. */
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
