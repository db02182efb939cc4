import { isKind } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import { replaceFile } from '../output/file.ts';
import type { FollowedBuild } from './follow.ts';

/** Writes the file of `--metadata-file`, under the names that buildx uses. */
export async function writeMetadata(
  cli: Cli,
  path: string,
  { id, build, target }: FollowedBuild,
  tags: readonly string[],
): Promise<void> {
  const digests = await repositoryDigests(cli, id);
  const metadata = {
    ...(build === '' ? {} : { 'buildx.build.ref': build }),
    ...(digests ? imageKeys(id, target, digests) : {}),
    ...(tags.length > 0 ? { 'image.name': tags.join(',') } : {}),
  };
  await replaceFile(path, `${JSON.stringify(metadata, undefined, 2)}\n`, { mode: 0o644 });
}

/** Undefined when only the image's files were exported and the image no longer exists. */
async function repositoryDigests(cli: Cli, id: string): Promise<string[] | undefined> {
  try {
    return (await cli.engine.get<{ RepoDigests?: string[] }>(`/images/${id}/json`)).RepoDigests ?? [];
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined;
    throw error;
  }
}

function imageKeys(id: string, target: FollowedBuild['target'], digests: readonly string[]): object {
  return {
    'containerimage.config.digest': id,
    ...(target ? { 'containerimage.descriptor': target } : {}),
    'containerimage.digest': target?.digest ?? digests[0]?.split('@')[1] ?? id,
  };
}
