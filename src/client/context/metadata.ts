import { rename, writeFile } from 'node:fs/promises';
import type { Cli } from '../cli.ts';
import type { FollowedBuild } from './follow.ts';

/** Writes what `--metadata-file` asks for, under the names that buildx uses. */
export async function writeMetadata(
  cli: Cli,
  path: string,
  { id, build, target }: FollowedBuild,
  tags: readonly string[],
): Promise<void> {
  const { RepoDigests = [] } = await cli.engine.get<{ RepoDigests?: string[] }>(`/images/${id}/json`);
  const digest = target?.digest ?? RepoDigests[0]?.split('@')[1] ?? id;
  const metadata = {
    ...(build === '' ? {} : { 'buildx.build.ref': build }),
    'containerimage.config.digest': id,
    ...(target ? { 'containerimage.descriptor': target } : {}),
    'containerimage.digest': digest,
    ...(tags.length > 0 ? { 'image.name': tags.join(',') } : {}),
  };
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(metadata, undefined, 2)}\n`);
  await rename(temporary, path);
}
