import { basename } from 'node:path';
import type { ContainerDirectories } from '../../container/directories.ts';
import { messageOf } from '../../core/errors.ts';
import type { Files, LinesChange } from '../../host/files.ts';
import type { ContainerContext } from '../lifecycle/context.ts';

/** Where the files of containers are, the helper that changes them, and where its failures go. */
export interface EtcChangeContext extends Pick<ContainerContext, 'warn'> {
  readonly host: { readonly files: Pick<Files, 'changeLines'> };
  readonly runner: { directories(id: string): Pick<ContainerDirectories, 'data' | 'hosts' | 'resolvConf'> };
}

/**
 * Changes a file that the container can write to as well: by a helper, which opens only what is a file still. A container
 * that makes this impossible, by a lease or a full disk, does so for itself alone.
 */
export async function changeEtcFile(
  ctx: EtcChangeContext,
  id: string,
  file: 'hosts' | 'resolvConf',
  change: LinesChange,
): Promise<void> {
  const directories = ctx.runner.directories(id);
  try {
    await ctx.host.files.changeLines(directories.data, basename(directories[file]), change);
  } catch (error) {
    ctx.warn('a file of a container could not be brought up to date', {
      container: id,
      file,
      error: messageOf(error),
    });
  }
}
