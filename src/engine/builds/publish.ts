import { type Descriptor, type ImageIndex, type ImageManifest, MEDIA_TYPE } from '../../api/oci-image.ts';
import { type Annotation, annotationsOn } from '../../builder/annotations.ts';
import { packageUri } from '../../builder/attest/provenance.ts';
import { parsePlatform } from '../../builder/plan/platform.ts';
import type { BuiltImage, Predicate, PublishOptions } from '../../builder/worker.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import { entryOf } from '../../core/entry-of.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { StoredManifest } from '../../image/images.ts';
import type { LayerBlob } from '../../image/layers.ts';
import { compressedBlob } from '../../image/packed-layer.ts';
import type { ImageContext } from '../images/context.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const STATEMENT = 'https://in-toto.io/Statement/v0.1';
const OCI_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.dockerLayer]: MEDIA_TYPE.ociLayer,
  [MEDIA_TYPE.dockerLayerGzip]: MEDIA_TYPE.ociLayerGzip,
};

/**
 * Stores, with the images, the index that their tags stand for, its manifests and their attestations, in the form
 * that BuildKit uses. A single image without attestations has no index, and without annotations no document either.
 */
export async function publishImages(
  ctx: ImageContext,
  images: readonly BuiltImage[],
  options: PublishOptions,
): Promise<Descriptor | undefined> {
  const { annotations, signal } = options;
  const isIndex = images.length > 1 || images.some(({ predicates }) => predicates.length > 0);
  if (!isIndex && annotations.some(({ on }) => on !== 'manifest')) {
    throw invalidParameter('index annotations need an index: several platforms, or attestations');
  }
  if (!isIndex && annotations.length === 0) return undefined;
  const children: Descriptor[] = [];
  const statements: Descriptor[] = [];
  const documents: StoredManifest[] = [];
  for (const image of images) {
    signal.throwIfAborted();
    const manifest = await manifestOf(ctx, image, annotations);
    const about = attestationsOf(image, manifest, options);
    documents.push(...about);
    ctx.images.addManifest(image.id, manifest, manifest.bytes);
    children.push(childOf(image, manifest, annotations));
    const [top] = about;
    if (top) statements.push(attestationChild(top, manifest.digest));
  }
  const [only] = children;
  if (!isIndex) return only;
  const indexAnnotations = annotationsOn(annotations, 'index');
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [...children, ...statements],
    ...(indexAnnotations ? { annotations: indexAnnotations } : {}),
  };
  const top = documentOf(MEDIA_TYPE.ociIndex, index);
  for (const { id } of images)
    for (const document of [top, ...documents]) ctx.images.addManifest(id, document, document.bytes);
  return { mediaType: top.mediaType, digest: top.digest, size: top.bytes.length };
}

function documentOf(mediaType: string, content: object): StoredManifest {
  const bytes = Buffer.from(JSON.stringify(content));
  return { digest: digestOf(bytes), mediaType, bytes };
}

async function manifestOf(
  ctx: ImageContext,
  { id, platform }: BuiltImage,
  annotations: readonly Annotation[],
): Promise<StoredManifest> {
  const { configBytes, config } = ctx.images.need(id);
  const layers: LayerBlob[] = [];
  for (const diffId of config.rootfs.diff_ids)
    layers.push(await compressedBlob(ctx, ctx.layers.need(diffId)));
  const own = annotationsOn(annotations, 'manifest', platform);
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: id, size: configBytes.length },
    layers: layers.map(({ mediaType, digest, size }) => ({
      mediaType: entryOf(OCI_TYPES, mediaType) ?? mediaType,
      digest,
      size,
    })),
    ...(own ? { annotations: own } : {}),
  };
  return documentOf(MEDIA_TYPE.ociManifest, manifest);
}

function childOf(
  { platform }: BuiltImage,
  { mediaType, digest, bytes }: StoredManifest,
  annotations: readonly Annotation[],
): Descriptor {
  const own = annotationsOn(annotations, 'manifest-descriptor', platform);
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(own ? { annotations: own } : {}),
    platform: parsePlatform(platform),
  };
}

/** A manifest of in-toto statements, followed by the blobs that it names; empty without predicates. */
function attestationsOf(
  { platform, predicates }: BuiltImage,
  manifest: StoredManifest,
  { tags }: PublishOptions,
): StoredManifest[] {
  if (predicates.length === 0) return [];
  const query = `?platform=${encodeURIComponent(platform)}`;
  const sha256 = manifest.digest.slice('sha256:'.length);
  const names = tags.length > 0 ? tags.map((tag) => packageUri(tag, query)) : ['_'];
  const subject = names.map((name) => ({ name, digest: { sha256 } }));
  const blobs = predicates.map(({ type, content }) =>
    documentOf(IN_TOTO, { _type: STATEMENT, predicateType: type, subject, predicate: content }),
  );
  const config = documentOf(MEDIA_TYPE.ociConfig, {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: blobs.map(({ digest }) => digest) },
  });
  const layers = blobs.map((blob, i) => ({
    ...sized(blob),
    annotations: { 'in-toto.io/predicate-type': predicateType(predicates, i) },
  }));
  const content = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: sized(config), layers };
  return [documentOf(MEDIA_TYPE.ociManifest, content), config, ...blobs];
}

const predicateType = (predicates: readonly Predicate[], index: number) => predicates[index]?.type ?? '';
const sized = ({ mediaType, digest, bytes }: StoredManifest) => ({ mediaType, digest, size: bytes.length });

function attestationChild(document: StoredManifest, subject: Digest): Descriptor {
  return {
    ...sized(document),
    annotations: {
      'vnd.docker.reference.digest': subject,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
}
