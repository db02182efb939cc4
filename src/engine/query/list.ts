import type { Container } from '../../container/model.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { ImageStore } from '../../image/images.ts';
import type { Filters } from '../filters.ts';
import { namesByLinks } from '../networking/legacy-links.ts';
import { ImageNamer } from './image-namer.ts';
import { containerTests, type FilterContext } from './list-filters.ts';
import { type ContainerSize, containerSizes, type SizeContext } from './sizes.ts';

/** What describing containers in a list needs. */
export interface DescribeContext {
  readonly containers: Pick<ContainerStore, 'list' | 'idOf'>;
  readonly images: Pick<ImageStore, 'find'>;
}

export type ListContext = DescribeContext & FilterContext & SizeContext;

export interface ListQuery {
  readonly all: boolean;
  /** The N newest, whatever their state; 0 or less: no limit. */
  readonly limit: number;
  /** Add up what they have written. */
  readonly size: boolean;
  readonly filters: Filters;
  readonly signal: AbortSignal;
}

/** A container as lists show it. */
export interface ListedContainer {
  readonly container: Container;
  /** The name or id of its image. */
  readonly image: string;
  /** Names that others have for it, such as `/web/db`. */
  readonly linkedAs: readonly string[];
  readonly size?: ContainerSize;
}

/** Containers that pass every filter, the newest first. @throws BargeError for invalid filters. */
export async function listContainers(ctx: ListContext, query: ListQuery): Promise<ListedContainer[]> {
  const { all, limit, filters } = query;
  const tests = containerTests(ctx, filters);
  const anyState = all || limit > 0 || filters.has('status');
  const found = ctx.containers
    .list()
    .filter(({ state }) => anyState || ['running', 'paused', 'restarting'].includes(state.status))
    .filter((container) => tests.every((test) => test(container)))
    .sort((a, b) => b.definition.createdAt - a.definition.createdAt);
  const shown = limit > 0 ? found.slice(0, limit) : found;
  return listed(ctx, shown, query.size ? await containerSizes(ctx, shown, query.signal) : []);
}

/** @param sizes in the order of the containers; empty: not computed. */
export function listed(
  ctx: DescribeContext,
  containers: readonly Container[],
  sizes: readonly ContainerSize[],
): ListedContainer[] {
  const namer = new ImageNamer(ctx.images);
  const linked = namesByLinks(ctx);
  return containers.map((container, i) => ({
    container,
    image: namer.nameOf(container.definition),
    linkedAs: linked.get(container.definition.id) ?? [],
    ...(sizes[i] ? { size: sizes[i] } : {}),
  }));
}
