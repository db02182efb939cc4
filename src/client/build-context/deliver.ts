import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import { invalidParameter } from '../../core/errors.ts';
import { familiarName, parseReference, withDefaultTag } from '../../core/reference.ts';
import { failsElsewhere } from '../../core/streams.ts';
import { registryAuthHeader } from '../auth/registry-auth.ts';
import type { Cli } from '../cli.ts';
import { entryName, extractInto } from '../copy/extract.ts';
import { type OutputOptions, writeOutput } from '../output/file.ts';
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
      await writeDirectory(delivery, resolve(output.directory), output.split);
      return;
    case 'tar':
      await writeOutput(cli, output.file, await treeOf(cli, built, output.split), FILE);
      return;
    case 'archive':
      await writeOutput(cli, output.file, await archiveOf(delivery), FILE);
      return;
    case 'layout':
      await mkdir(resolve(output.directory), { recursive: true });
      await extractInto(resolve(output.directory), await archiveOf(delivery), { owners: false });
      return;
    case 'image':
      if (output.push) for (const name of tags) await push(cli, name, quiet);
  }
}

/** The same name as buildx uses. */
const FILE: OutputOptions = { mode: 0o666, allowsDevices: true };

/** The files of the images and their attestations; an attestation replaces an image's file of the same name. */
async function writeDirectory({ cli, built }: Delivery, target: string, split: boolean): Promise<void> {
  await mkdir(target, { recursive: true });
  const owners = process.getuid?.() === 0;
  for (const { id, directory } of placesOf(built, split)) {
    await extractInto(target, await filesOf(cli, id), { owners, below: directory });
    const statements = pack();
    for (const { name, text } of await statementsOf(cli, built, id))
      statements.entry({ name, mode: 0o644 }, text);
    statements.finalize();
    const tar = Readable.from(statements, { objectMode: false });
    await extractInto(target, tar, { owners: false, below: directory });
  }
}

/** Other servers report only one image. */
const imagesOf = ({ id, images }: FollowedBuild) => (images.length > 0 ? images : [{ id, platform: '' }]);

/**
 * Which image's files are written where: those of several platforms into a directory each, unless they are to be
 * merged.
 */
function placesOf(built: FollowedBuild, split: boolean): { id: string; directory: string }[] {
  const images = imagesOf(built);
  const apart = images.length > 1 && split;
  return images.map(({ id, platform }) => ({ id, directory: apart ? directoryName(platform) : '' }));
}

/** The daemon chooses the platform's name. */
function directoryName(platform: string): string {
  if (/^[\w.-]+(\/[\w.-]+)+$/.test(platform)) return platform.replaceAll('/', '_');
  throw invalidParameter(`the daemon sent ${JSON.stringify(platform)} as a platform`);
}

async function filesOf(cli: Cli, id: string): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await cli.engine.request('GET', `/barge/images/${id}/files`);
  return body;
}

/** An image's attestations as files for its directory, one of each kind. */
async function statementsOf(
  cli: Cli,
  { target }: FollowedBuild,
  id: string,
): Promise<{ readonly name: string; readonly text: string }[]> {
  if (!target) return [];
  const found = await cli.engine.get<Statement[]>(`/images/${id}/attestations`, { statement: true });
  const files = found.map(({ PredicateType, Statement }) => ({
    name: PredicateType.includes('spdx') ? 'sbom.spdx.json' : 'provenance.json',
    text: `${JSON.stringify(Statement, undefined, 2)}\n`,
  }));
  return [...new Map(files.map((file) => [file.name, file])).values()];
}

interface Statement {
  readonly PredicateType: string;
  readonly Statement?: unknown;
}

/** The files of all images as one tar. */
async function treeOf(cli: Cli, built: FollowedBuild, split: boolean): Promise<AsyncIterable<Uint8Array>> {
  const places = placesOf(built, split);
  const [first] = places;
  if (!built.target && first) return await filesOf(cli, first.id);
  const joined = pack();
  const joining = (async () => {
    for (const { id, directory } of places) {
      await addTree(joined, await filesOf(cli, id), directory);
      for (const { name, text } of await statementsOf(cli, built, id))
        failsElsewhere(joined.entry({ name: join(directory, name), mode: 0o644 }, text));
    }
    joined.finalize();
  })();
  joining.catch((error) => joined.destroy(error));
  return Readable.from(joined, { objectMode: false });
}

/** Copies a tar's entries below a directory of another tar. */
async function addTree(joined: Pack, tar: AsyncIterable<Uint8Array>, directory: string): Promise<void> {
  const unpack = extract();
  const feeding = pipeline(Readable.from(tar), unpack as unknown as NodeJS.WritableStream);
  for await (const entry of unpack) {
    const { header } = entry;
    const linkname =
      header.type === 'link' ? join(directory, entryName(header.linkname ?? '')) : header.linkname;
    const moved = joined.entry({
      ...header,
      name: join(directory, entryName(header.name)) + (header.type === 'directory' ? '/' : ''),
      linkname,
      pax: attributes(header),
    });
    await pipeline(Readable.from(entry), moved as unknown as NodeJS.WritableStream);
  }
  await feeding;
}

/** The header fields beyond those that every entry has; the others follow from the new name. */
function attributes({ pax }: Header): Record<string, string> | null {
  const all = Object.entries((pax ?? {}) as Record<string, string>);
  const kept = all.filter(([key]) => key.startsWith('SCHILY.xattr.'));
  return kept.length > 0 ? Object.fromEntries(kept) : null;
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
    headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configDirectory, name) },
  });
  await showProgress(cli, body, { quiet });
}
