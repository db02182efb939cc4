import type { Digest } from '../../core/digest.ts';
import { inspectDestination } from '../copy/destination.ts';
import { type Downloaded, Downloads } from '../copy/download.ts';
import type { SourceEntry } from '../copy/entry.ts';
import { layOut } from '../copy/layout.ts';
import { isNumericOwner, type Owner, readOwner } from '../copy/ownership.ts';
import { type Item, selectItems } from '../copy/selection.ts';
import { SourceTree } from '../copy/source-tree.ts';
import { partsOf } from '../copy/tar.ts';
import type { CopyOperation } from '../plan/graph.ts';
import type { Layers } from '../worker.ts';
import { Ingredients } from './ingredients.ts';
import type { StepIo } from './io.ts';

/** The ingredients of a copy besides its files. */
function commonIngredients(operation: CopyOperation, base: Layers): Ingredients {
  const ingredients = new Ingredients()
    .plain('kind', operation.verb)
    .plain('sources', JSON.stringify(operation.sources))
    .plain('destination', operation.destination)
    .plain('chown', operation.chown ?? '')
    .plain('chmod', operation.chmod ?? '')
    .plain('exclude', JSON.stringify(operation.exclude))
    .plain('options', JSON.stringify(optionsOf(operation)));
  const namedOwner = operation.chown !== undefined && !isNumericOwner(operation.chown);
  return operation.link && !namedOwner ? ingredients : ingredients.base(base);
}

function optionsOf({ parents, link, unpack, unpackDownloads, repositories }: CopyOperation) {
  return [parents, link, unpack, unpackDownloads, repositories];
}

/**
 * A key that can be computed without reading files, from the layers and checksums that the files come from. Undefined
 * for files of the build context and for downloads without a checksum.
 */
export function quickIngredients(
  operation: CopyOperation,
  base: Layers,
  from: Layers | undefined,
): Ingredients | undefined {
  const local = operation.sources.length > 0;
  if (local && !from) return undefined;
  if (operation.repositories.some(({ checksum }) => checksum === undefined)) return undefined;
  if (operation.downloads.some((download) => download.checksum === undefined)) return undefined;
  const ingredients = commonIngredients(operation, base).plain('quick', 'yes');
  if (local && from) ingredients.hashed('from', from);
  for (const { url, checksum } of operation.downloads) ingredients.plain(`url:${url}`, checksum ?? '');
  for (const { url, checksum } of operation.repositories) ingredients.plain(`git:${url}`, checksum ?? '');
  for (const { path, content } of operation.documents) ingredients.hashed(`file:${path}`, content);
  return ingredients;
}

/** A copy whose files have been resolved and digested. */
interface PreparedCopy {
  readonly ingredients: Ingredients;
  /** Creates the layer; undefined when nothing changes. */
  apply(): Promise<Digest | undefined>;
}

/**
 * Resolves the files of a copy and passes it to `use` while their source is mounted.
 * @param from layers to copy from; undefined is the build context.
 */
export async function withCopy<T>(
  operation: CopyOperation,
  base: Layers,
  from: Layers | undefined,
  io: StepIo,
  use: (copy: PreparedCopy) => Promise<T>,
): Promise<T> {
  await using downloads = new Downloads();
  const fetched: Downloaded[] = [];
  for (const download of operation.downloads) fetched.push(await downloads.fetch(download, io.signal));
  const clones: string[] = [];
  for (const source of operation.repositories) clones.push(await downloads.clone(source, io.signal));
  const withTree = async (tree: SourceTree) => {
    const selected = await selectItems(operation, tree, fetched, clones);
    const items = from === undefined ? selected : await withAttributes(selected, tree.root, io);
    const ingredients = commonIngredients(operation, base);
    await addFiles(ingredients, items, io);
    return await use({ ingredients, apply: () => applyCopy(operation, base, items, io) });
  };
  const needsFrom = from !== undefined && operation.sources.length > 0;
  if (needsFrom) {
    return await io.worker.withRootfs(from, (root) => withTree(new SourceTree(root, { isContext: false })));
  }
  const { directory, ...options } = io.context(
    operation.from.kind === 'context' ? operation.from.name : undefined,
  );
  return await withTree(new SourceTree(directory, { isContext: true, ...options }));
}

/** Undefined for documents and downloads. */
async function withAttributes(items: readonly Item[], root: string, io: StepIo): Promise<readonly Item[]> {
  const entries = items.flatMap((item) =>
    item.kind === 'directory' ? item.entries.map(({ entry }) => entry) : [item.entry],
  );
  const local = entries.filter(({ content }) => content.kind !== 'text');
  const found = await io.worker.attributes(
    root,
    local.map(({ path }) => path),
  );
  if (found.size === 0) return items;
  const attributes = new Map(local.map((entry, place) => [entry, found.get(place)]));
  const change = <T extends SourceEntry>(entry: T): T => {
    const own = attributes.get(entry);
    return own ? { ...entry, attributes: own } : entry;
  };
  return items.map((item) =>
    item.kind === 'directory'
      ? { ...item, entries: item.entries.map((one) => ({ ...one, entry: change(one.entry) })) }
      : { ...item, entry: change(item.entry) },
  );
}

async function addFiles(ingredients: Ingredients, items: readonly Item[], io: StepIo): Promise<void> {
  for (const item of items) {
    const entries = item.kind === 'directory' ? item.entries.map(({ entry }) => entry) : [item.entry];
    for (const entry of entries) {
      ingredients.plain(`file:${entry.path}`, await io.digests.digest(entry, io.signal));
    }
  }
}

async function applyCopy(
  operation: CopyOperation,
  base: Layers,
  items: readonly Item[],
  io: StepIo,
): Promise<Digest | undefined> {
  const below = operation.link ? [] : base;
  const owner = operation.chown === undefined ? undefined : await ownerIn(operation.chown, base, io);
  const destination = await withOptionalRootfs(below, io, (root) =>
    inspectDestination(root, operation.destination),
  );
  const parts = partsOf(layOut(operation, items, destination, owner), owner, io.now());
  return await io.worker.apply(below, parts, io.signal);
}

/** The ids of `user[:group]`, with names looked up in `layers`. @throws BargeError invalid-parameter for unknown ones. */
export async function ownerIn(text: string, layers: Layers, io: StepIo): Promise<Owner> {
  return await readOwner(text, async (user, group) =>
    layers.length === 0 ? 'unknown-user' : await io.worker.findOwner(layers, user, group),
  );
}

export async function withOptionalRootfs<T>(
  layers: Layers,
  io: StepIo,
  use: (root: string | undefined) => Promise<T>,
): Promise<T> {
  return layers.length === 0 ? await use(undefined) : await io.worker.withRootfs(layers, use);
}
