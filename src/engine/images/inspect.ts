import type { ImageHistoryItem, ImageInspect, ImageSummary } from '../../api/engine/images.ts';
import type { Platform } from '../../api/oci-image.ts';
import { entryOf } from '../../core/entry-of.ts';
import { invalidParameter } from '../../core/errors.ts';
import { pathGlob } from '../../core/patterns/glob.ts';
import { parseTimestamp } from '../../core/timestamp.ts';
import type { Image, ImageNames } from '../../image/images.ts';
import { booleanFilter, type Filters, labelMatches } from '../filters.ts';
import type { ImageContext } from './context.ts';
import { imageFor } from './platforms.ts';

const NO_NAMES: ImageNames = { tags: [], digests: [] };
const NEVER = '0001-01-01T00:00:00Z';

/** Nanoseconds since 1970. */
const createdAt = ({ config }: Image) => parseTimestamp(config.created ?? NEVER);
const createdSeconds = ({ config }: Image) => Math.floor(Date.parse(config.created ?? NEVER) / 1000);

export function inspectImage(
  ctx: ImageContext,
  ref: string,
  platforms: readonly Platform[] = [],
): ImageInspect {
  const image = imageFor(ctx, ref, platforms);
  const { config } = image;
  const names = ctx.images.names(image.id);
  const tagged = ctx.images.lastTagged(image.id);
  const directories = config.rootfs.diff_ids.map(
    (id) => `${ctx.layers.root}/${ctx.layers.get(id)?.directory}`,
  );
  const [top = '', ...lower] = directories.reverse();
  return {
    Id: image.id,
    RepoTags: names.tags,
    RepoDigests: names.digests,
    Parent: '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? NEVER,
    DockerVersion: '',
    Author: config.author ?? '',
    Config: config.config ?? null,
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    Size: image.size,
    GraphDriver: { Name: 'overlay2', Data: { UpperDir: top, LowerDir: lower.join(':') } },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: tagged ? new Date(tagged).toISOString() : NEVER },
  };
}

interface ImageListQuery {
  readonly filters: Filters;
  readonly all: boolean;
  readonly digests: boolean;
  /** Compute the size that each image shares with others. */
  readonly sharedSize?: boolean;
}

export type ImageListContext = Pick<ImageContext, 'containers' | 'images' | 'layers'>;

type Test = (image: Image, names: ImageNames, value: string, ctx: Pick<ImageContext, 'images'>) => boolean;

const isDangling = ({ tags }: ImageNames) => tags.length === 0;

const TESTS: Record<string, Test> = {
  dangling: (_, names, value) => isDangling(names) === booleanFilter('dangling', [value]),
  label: ({ config }, _, value) => labelMatches(config.config?.Labels ?? {}, value),
  reference: (_, names, value) =>
    [...names.tags, ...names.digests].some((name) => referenceMatches(name, value)),
  before: (image, _, value, ctx) => createdAt(image) < createdAt(ctx.images.find(value)),
  since: (image, _, value, ctx) => createdAt(image) > createdAt(ctx.images.find(value)),
  until: (image, _, value) => createdAt(image) < parseTimestamp(value),
  'label!': ({ config }, _, value) => !labelMatches(config.config?.Labels ?? {}, value),
};

/** Go's path.Match against the whole reference or its repository. @throws BargeError for an invalid pattern. */
function referenceMatches(name: string, pattern: string): boolean {
  const glob = pathGlob(pattern);
  const tail = name.slice(name.lastIndexOf('/') + 1);
  const mark = tail.search(/[:@]/);
  const repository = mark === -1 ? name : name.slice(0, name.length - tail.length + mark);
  return glob.matches(name) || glob.matches(repository);
}

export function listImages(ctx: ImageListContext, query: ImageListQuery): ImageSummary[] {
  for (const name of query.filters.keys()) {
    if (!entryOf(TESTS, name)) throw invalidParameter(`invalid filter '${name}'`);
  }
  const names = ctx.images.allNames();
  const uses = new Map<string, number>();
  for (const { definition } of ctx.containers.list()) {
    uses.set(definition.imageId, (uses.get(definition.imageId) ?? 0) + 1);
  }
  /* Images of other platforms are listed under their tag, not beside it. */
  const hidden = ({ id }: Image) =>
    !query.all && (names.get(id)?.tags.length ?? 0) === 0 && ctx.images.isInIndex(id);
  const shared = query.sharedSize ? sharedSizes(ctx) : undefined;
  return ctx.images
    .list()
    .filter((image) => !hidden(image))
    .filter((image) =>
      [...query.filters].every(([name, values]) => {
        const check = (value: string) =>
          TESTS[name]?.(image, names.get(image.id) ?? NO_NAMES, value, ctx) ?? true;
        return /^(label!?|until)$/.test(name) ? values.every(check) : values.some(check);
      }),
    )
    .map((image) => ({
      ...summarize(image, namesAskedFor(names.get(image.id) ?? NO_NAMES, query), uses.get(image.id) ?? 0),
      ...(shared ? { SharedSize: shared(image) } : {}),
    }))
    .sort((a, b) => b.Created - a.Created);
}

/** With a filter for references, only the names that match it are shown. */
function namesAskedFor({ tags, digests }: ImageNames, { filters }: ImageListQuery): ImageNames {
  const patterns = filters.get('reference');
  if (!patterns) return { tags, digests };
  const passes = (name: string) => patterns.some((pattern) => referenceMatches(name, pattern));
  return { tags: tags.filter(passes), digests: digests.filter(passes) };
}

/** Bytes of layers that are shared with another image. */
function sharedSizes(ctx: Pick<ImageContext, 'images' | 'layers'>): (image: Image) => number {
  const users = new Map<string, number>();
  for (const { config } of ctx.images.list())
    for (const id of new Set(config.rootfs.diff_ids)) users.set(id, (users.get(id) ?? 0) + 1);
  return ({ config }) =>
    config.rootfs.diff_ids
      .filter((id) => (users.get(id) ?? 0) > 1)
      .reduce((sum, id) => sum + (ctx.layers.get(id)?.size ?? 0), 0);
}

function summarize(image: Image, names: ImageNames, containers: number): ImageSummary {
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: names.tags,
    RepoDigests: names.digests,
    Created: createdSeconds(image),
    Size: image.size,
    SharedSize: -1,
    Labels: image.config.config?.Labels ?? {},
    Containers: containers,
  };
}

export function imageHistory(
  ctx: ImageContext,
  ref: string,
  platforms: readonly Platform[] = [],
): ImageHistoryItem[] {
  const image = imageFor(ctx, ref, platforms);
  const { config } = image;
  let layer = 0;
  const items = (config.history ?? []).map((entry): ImageHistoryItem => {
    const diffId = entry.empty_layer ? undefined : config.rootfs.diff_ids[layer++];
    return {
      Id: '<missing>',
      Created: Math.floor(Date.parse(entry.created ?? config.created ?? NEVER) / 1000),
      CreatedBy: entry.created_by ?? '',
      Tags: null,
      Size: diffId ? (ctx.layers.get(diffId)?.size ?? 0) : 0,
      Comment: entry.comment ?? '',
    };
  });
  return items
    .reverse()
    .map((item, i) => (i === 0 ? { ...item, Id: image.id, Tags: ctx.images.names(image.id).tags } : item));
}
