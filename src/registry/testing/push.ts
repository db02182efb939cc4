import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type Descriptor, MEDIA_TYPE } from '../../api/oci-image.ts';
import { type Digest, type DigestAlgorithm, digestOf } from '../../core/digest.ts';

/** Pseudo-random bytes, determined by the seed. */
export function someBytes(size: number, seed = 'barge'): Buffer {
  const pieces: Buffer[] = [];
  for (let made = 0; made < size; made += 64) {
    pieces.push(createHash('sha512').update(`${seed} ${made}`).digest());
  }
  return Buffer.concat(pieces).subarray(0, size);
}

export const digestBy = (algorithm: DigestAlgorithm, bytes: Uint8Array): Digest =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;

export function descriptorOf(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** Pushes a blob in one request. `repository` is a URL: `http://host/v2/name`. */
export async function pushBlob(
  repository: string,
  bytes: Uint8Array,
  digest: Digest = digestOf(bytes),
): Promise<Digest> {
  const response = await fetch(`${repository}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: new Uint8Array(bytes),
  });
  assert.equal(response.status, 201, await response.text());
  return digest;
}

export function putManifest(
  repository: string,
  reference: string,
  bytes: string | Uint8Array,
  mediaType: string = MEDIA_TYPE.ociManifest,
): Promise<Response> {
  const body = typeof bytes === 'string' ? bytes : new Uint8Array(bytes);
  return fetch(`${repository}/manifests/${reference}`, {
    method: 'PUT',
    body,
    headers: { 'Content-Type': mediaType },
  });
}

/** Pushes a config and one layer. @returns the manifest that names them, not pushed yet. */
export async function imageManifest(repository: string, extra: object = {}): Promise<Buffer> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  const layer = someBytes(1000, 'layer');
  await pushBlob(repository, config);
  await pushBlob(repository, layer);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: descriptorOf(config, MEDIA_TYPE.ociConfig),
    layers: [descriptorOf(layer, MEDIA_TYPE.ociLayer)],
    ...extra,
  };
  return Buffer.from(JSON.stringify(manifest));
}

/** The codes in the body of an error response. */
export async function codesOf(response: Response): Promise<string[]> {
  const body = (await response.json()) as { errors: { code: string }[] };
  return body.errors.map((error) => error.code);
}
