import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';
import { familiarName, parseReference, withDefaultTag } from '../../core/reference.ts';
import { registryAuthHeader } from '../auth/registry-auth.ts';
import type { Cli } from '../cli.ts';
import { extractInto } from '../copy/extract.ts';
import { writeOutput } from '../images/output-file.ts';
import { showProgress } from '../progress/show.ts';
import type { FollowedBuild } from './follow.ts';
import type { BuildOutput } from './outputs.ts';

interface Delivery {
  readonly cli: Cli;
  readonly built: FollowedBuild;
  /** Of the build itself and of its outputs. */
  readonly tags: readonly string[];
  readonly quiet: boolean;
}

/** Writes or sends what has been built. */
export async function deliver(delivery: Delivery, outputs: readonly BuildOutput[]): Promise<void> {
  for (const output of outputs) await deliverOne(delivery, output);
  const { cli, built, tags } = delivery;
  const wanted = outputs.length === 0 || outputs.some(({ kind }) => kind === 'image');
  if (wanted || tags.length > 0) return;
  for (const { id } of imagesOf(built)) await cli.engine.call('DELETE', `/barge/images/${id}/files`);
}

async function deliverOne(delivery: Delivery, output: BuildOutput): Promise<void> {
  const { cli, built, tags, quiet } = delivery;
  switch (output.kind) {
    case 'local':
      for (const { id, folder } of placesOf(built, output.split)) {
        const target = resolve(output.folder, folder);
        await mkdir(target, { recursive: true });
        await extractInto(target, await filesOf(cli, id), { owners: process.getuid?.() === 0 });
      }
      return;
    case 'tar':
      await writeOutput(cli, output.file, await treeOf(cli, placesOf(built, output.split)));
      return;
    case 'archive':
      await writeOutput(cli, output.file, await archiveOf(delivery));
      return;
    case 'layout':
      await mkdir(resolve(output.folder), { recursive: true });
      await extractInto(resolve(output.folder), await archiveOf(delivery), { owners: false });
      return;
    case 'image':
      if (output.push) for (const name of tags) await push(cli, name, quiet);
  }
}

/** Other servers tell of one image only. */
const imagesOf = ({ id, images }: FollowedBuild) => (images.length > 0 ? images : [{ id, platform: '' }]);

/** Which image's files go where: those of several platforms into a folder each, unless they are to be mixed. */
function placesOf(built: FollowedBuild, split: boolean): { id: string; folder: string }[] {
  const images = imagesOf(built);
  const apart = images.length > 1 && split;
  return images.map(({ id, platform }) => ({ id, folder: apart ? platform.replaceAll('/', '_') : '' }));
}

async function filesOf(cli: Cli, id: string): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await cli.engine.request('GET', `/barge/images/${id}/files`);
  return body;
}

async function treeOf(
  cli: Cli,
  places: readonly { readonly id: string; readonly folder: string }[],
): Promise<AsyncIterable<Uint8Array>> {
  const [first] = places;
  if (places.length === 1 && first) return await filesOf(cli, first.id);
  const joined = pack();
  const joining = (async () => {
    for (const { id, folder } of places) {
      const unpack = extract();
      const feeding = pipeline(
        Readable.from(await filesOf(cli, id)),
        unpack as unknown as NodeJS.WritableStream,
      );
      for await (const entry of unpack) {
        const { header } = entry;
        const linkname = header.type === 'link' ? join(folder, header.linkname ?? '') : header.linkname;
        const moved = joined.entry({ ...header, name: join(folder, header.name), linkname, pax: null });
        await pipeline(Readable.from(entry), moved as unknown as NodeJS.WritableStream);
      }
      await feeding;
    }
    joined.finalize();
  })();
  joining.catch((error) => joined.destroy(error));
  return Readable.from(joined, { objectMode: false });
}

async function archiveOf({ cli, built, tags }: Delivery): Promise<AsyncIterable<Uint8Array>> {
  const names = tags.length > 0 ? tags : [built.target?.digest ?? built.id];
  const { body } = await cli.engine.request('GET', '/images/get', { query: { names } });
  return body;
}

async function push(cli: Cli, name: string, quiet: boolean): Promise<void> {
  const reference = withDefaultTag(parseReference(name));
  const { body } = await cli.engine.request('POST', `/images/${familiarName(reference)}/push`, {
    query: { tag: reference.tag },
    headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configFolder, name) },
  });
  await showProgress(cli, body, { quiet });
}
