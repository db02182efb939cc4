import { stat } from 'node:fs/promises';
import type { ContainerDirectories } from '../../container/directories.ts';
import type { Container } from '../../container/model.ts';
import type { Digest } from '../../core/digest.ts';
import { errnoOf } from '../../core/errors.ts';
import { limiter } from '../../core/limiter.ts';
import type { Files } from '../../host/files.ts';

/** Where the files of containers are, what adds them up, and the sizes of images' layers. */
export interface SizeContext {
  readonly host: { readonly files: Pick<Files, 'directorySize'> };
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'upper'> };
  readonly layers: { get(diffId: Digest): { readonly size: number } | undefined };
}

/** Bytes. */
export interface ContainerSize {
  /** What the container has written on top of its image. */
  readonly SizeRw: number;
  /** The same with its image. */
  readonly SizeRootFs: number;
}

/** Processes that add up side by side. */
const WIDTH = 4;

/** Adds up what containers have written, in their order. */
export async function containerSizes(
  ctx: SizeContext,
  containers: readonly Container[],
  signal?: AbortSignal,
): Promise<ContainerSize[]> {
  const limited = limiter(WIDTH);
  return await Promise.all(
    containers.map(async ({ definition }) => {
      const { upper } = ctx.runner.directories(definition.id);
      const SizeRw = await limited(() => sizeOf(ctx.host.files, upper, signal));
      const layers = definition.layers.map((diffId) => ctx.layers.get(diffId)?.size ?? 0);
      return { SizeRw, SizeRootFs: layers.reduce((sum, size) => sum + size, SizeRw) };
    }),
  );
}

/** Nothing when the directory has gone: its container was removed meanwhile. */
async function sizeOf(
  files: Pick<Files, 'directorySize'>,
  directory: string,
  signal?: AbortSignal,
): Promise<number> {
  try {
    return await files.directorySize(directory, signal);
  } catch (error) {
    if (await isThere(directory)) throw error;
    return 0;
  }
}

async function isThere(directory: string): Promise<boolean> {
  try {
    return (await stat(directory)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
