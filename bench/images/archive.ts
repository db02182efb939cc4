import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { runToEnd } from '../measure/process.ts';

/** A generated image: the number of layers, files per layer, and the size of a file. */
export interface ImageMountOptions {
  readonly name: string;
  readonly layers: number;
  readonly filesPerLayer: number;
  readonly fileSize: number;
}

const PER_DIRECTORY = 500;
const MTIME = new Date('2026-01-01T00:00:00Z');

/**
 * Writes it as an archive for `docker load`, `DIRECTORY/NAME.tar`.
 * @returns its path; the caller removes it.
 */
export async function makeArchive(directory: string, request: ImageMountOptions): Promise<string> {
  const scratch = join(directory, `${request.name}-scratch`);
  mkdirSync(scratch);
  const digests: string[] = [];
  for (let layer = 0; layer < request.layers; layer++)
    digests.push(await writeLayer(join(scratch, `${layer}.tar`), request, layer));
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: MTIME.toISOString(),
    config: { Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: digests },
    history: digests.map(() => ({ created: MTIME.toISOString(), created_by: 'bench' })),
  };
  const Layers = digests.map((_, layer) => `${layer}.tar`);
  writeFileSync(join(scratch, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [localName(request)], Layers }];
  writeFileSync(join(scratch, 'manifest.json'), JSON.stringify(manifest));
  const tar = join(directory, `${request.name}.tar`);
  runToEnd({ file: 'tar', args: ['-C', scratch, '-cf', tar, 'manifest.json', 'config.json', ...Layers] });
  rmSync(scratch, { recursive: true });
  return tar;
}

/** Its name in each peer after loading. */
export const localName = ({ name }: ImageMountOptions): string => `localhost/${name}:latest`;

/** Keeps a whole layer in memory. @returns the tar's digest. */
async function writeLayer(path: string, request: ImageMountOptions, layer: number): Promise<string> {
  const tar = pack();
  const written = pipeline(tar, createWriteStream(path));
  for (let file = 0; file < request.filesPerLayer; file++) {
    const name = `data/l${layer}/d${Math.floor(file / PER_DIRECTORY)}/f${file}`;
    tar.entry({ name, size: request.fileSize, mtime: MTIME }, content(request.fileSize));
  }
  tar.finalize();
  await written;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

const BLOCK = 4096;
const TEXT = Buffer.from('what compresses well, as programs and texts do. '.repeat(100));

/** Half of each block compresses to almost nothing and half not at all, much as in images of real programs. */
function content(size: number): Buffer {
  const bytes = randomBytes(size);
  for (let at = BLOCK / 2; at < size; at += BLOCK) TEXT.copy(bytes, at, 0, BLOCK / 2);
  return bytes;
}
