import { type Header, pack } from 'tar-stream';
import { MEDIA_TYPE } from '../../src/api/oci-image.ts';
import { type Digest, digestOf } from '../../src/core/digest.ts';
import {
  type Script,
  type ScriptedServer,
  startScript,
} from '../../src/image/remote/testing/scripted-server.ts';
import { descriptorOf } from '../../src/registry/testing/push.ts';

/** A tar entry: its header, and content for a file. */
export type TarEntry = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

/** An archive of entries as they are: names are not cleaned. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) {
    archive.entry({ mode: 0o755, ...header }, content === undefined ? '' : Buffer.from(content));
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export interface CraftedImage {
  readonly manifest: Buffer;
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
}

/** An image whose layers are these archives; `diffIds` other than theirs make it a lie. */
export function imageOf(
  layers: readonly Buffer[],
  diffIds: readonly Digest[] = layers.map(digestOf),
): CraftedImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: descriptorOf(config, MEDIA_TYPE.ociConfig),
      layers: layers.map((layer) => descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar')),
    }),
  );
  return { manifest, config, layers };
}

/** A registry that has this image under every name. `instead` may answer a request in another way: then it says so. */
export function serveImage(
  { manifest, config, layers }: CraftedImage,
  instead: (...args: Parameters<Script>) => boolean = () => false,
): Promise<ScriptedServer> {
  const blobs = new Map([config, ...layers].map((bytes) => [digestOf(bytes) as string, bytes]));
  return startScript((request, response) => {
    if (instead(request, response)) return;
    const [, kind, name = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
    const bytes = kind === 'manifests' ? manifest : blobs.get(name);
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': kind === 'manifests' ? MEDIA_TYPE.ociManifest : 'application/octet-stream',
      'Content-Length': bytes.length,
      ...(kind === 'manifests' ? { 'Docker-Content-Digest': digestOf(manifest) } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  });
}
