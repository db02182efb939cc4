import type { FileDigests } from '../copy/file-digests.ts';
import type { PatternMatcher } from '../copy/matcher.ts';
import type { BuildRequest } from '../request.ts';
import type { BuildWorker } from '../worker.ts';

/** What the kinds of steps need to do their work. */
export interface StepIo {
  readonly worker: BuildWorker;
  readonly request: BuildRequest;
  /** What .dockerignore leaves out of the context. */
  readonly ignore: PatternMatcher;
  readonly digests: FileDigests;
  readonly signal: AbortSignal;
  now(): Date;
}
