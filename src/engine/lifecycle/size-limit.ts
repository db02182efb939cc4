import type { ContainerDirectories } from '../../container/directories.ts';
import { invalidParameter, messageOf, systemError } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import type { Files } from '../../host/files.ts';

interface LimitContext {
  readonly host: { readonly files: Pick<Files, 'limitDirectory' | 'removeTree'> };
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'data' | 'upper' | 'work'> };
}

/**
 * Reads `--storage-opt size=…`.
 * @returns bytes; undefined: no limit. @throws BargeError invalid-parameter for other options.
 */
export function checkStorageOptions(asked: Readonly<Record<string, string>>): number | undefined {
  const options = Object.entries(asked);
  const unknown = options.find(([name]) => name.toLowerCase() !== 'size');
  if (unknown) throw invalidParameter(`Unknown option ${unknown[0]}`);
  const size = options[0]?.[1];
  return size === undefined ? undefined : parseBytes(size);
}

/** Limits what a new container may write. @throws BargeError system on file systems without project quotas. */
export async function limitSize(ctx: LimitContext, id: string, bytes: number): Promise<void> {
  const { data, upper, work } = ctx.runner.directories(id);
  /* Both in one project, since overlayfs renames files from one into the other. */
  const project = Number.parseInt(id.slice(0, 8), 16) >>> 1;
  try {
    await ctx.host.files.limitDirectory(work, bytes, project);
    await ctx.host.files.limitDirectory(upper, bytes, project);
  } catch (error) {
    await ctx.host.files.removeTree(data);
    throw systemError(
      `--storage-opt is supported only for overlay over xfs with 'pquota' mount option, or ext4 with 'prjquota': ${messageOf(error)}`,
      { cause: error },
    );
  }
}
