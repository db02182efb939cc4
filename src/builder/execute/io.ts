import type { FileDigests } from '../copy/file-digests.ts';
import type { TreeOptions } from '../copy/source-tree.ts';
import type { BuildRequest } from '../request.ts';
import type { BuildWorker } from '../worker.ts';

/** The dependencies of all kinds of steps. */
export interface StepIo {
  readonly worker: BuildWorker;
  readonly request: BuildRequest;
  /** A build context: the main one, or a named one. */
  context(name: string | undefined): { readonly directory: string } & Pick<TreeOptions, 'ignore'>;
  readonly digests: FileDigests;
  readonly signal: AbortSignal;
  now(): Date;
}
