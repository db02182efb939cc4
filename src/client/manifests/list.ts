import { type ImageIndex, isManifestType, MEDIA_TYPE } from '../../api/oci-image.ts';
import { notFound } from '../../core/errors.ts';
import { parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import { registryAuthHeader } from '../auth/registry-auth.ts';
import type { Cli } from '../cli.ts';
import { imagePath } from '../each.ts';
import { CommandFailure } from '../failure.ts';
import { fullName, type KeptManifest } from './store.ts';

export const referenceOf = (word: string): Reference => withDefaultTag(parseReference(word));

/** Reads the manifest from the registry, through the daemon. */
export async function fetchManifest(cli: Cli, word: string, insecure: boolean): Promise<KeptManifest> {
  const { body } = await cli.engine.request('GET', `/barge/manifests/${imagePath(word)}`, {
    query: { insecure },
    headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configDirectory, word) },
  });
  return { Ref: fullName(referenceOf(word)), ...(await body.json<Omit<KeptManifest, 'Ref'>>()) };
}

/** @throws CommandFailure when it is not an image: lists cannot contain lists. */
export function assertImage({ Ref, Descriptor }: KeptManifest): void {
  if (!isManifestType(Descriptor.mediaType))
    throw new CommandFailure(`${Ref} is a manifest list, not an image`);
}

/** The list to push: an OCI index when all of its images are OCI images, else docker's manifest list. */
export function listOf(manifests: readonly KeptManifest[]): ImageIndex {
  const isOci = manifests.every(({ Descriptor }) => Descriptor.mediaType === MEDIA_TYPE.ociManifest);
  return {
    schemaVersion: 2,
    mediaType: isOci ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.dockerManifestList,
    manifests: manifests.map(({ Descriptor: { mediaType, size, digest, platform } }) => ({
      mediaType,
      size,
      digest,
      ...(platform ? { platform } : {}),
    })),
  };
}

export const noSuchManifest = (word: string) => notFound(`No such manifest: ${word}`);
