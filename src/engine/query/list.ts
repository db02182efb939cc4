import type { ContainerSummary } from '../../api/engine/containers.ts';
import type { Filters } from '../filters.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { namesByLinks } from '../networking/legacy-links.ts';
import { containerTests } from './list-filters.ts';
import { containerSizes } from './sizes.ts';
import { ImageNamer, summarize } from './summary.ts';

export interface ListQuery {
  readonly all: boolean;
  /** The last N made, whatever their state; 0 or less: no limit. */
  readonly limit: number;
  /** Add up what they have written. */
  readonly size: boolean;
  readonly filters: Filters;
  readonly signal: AbortSignal;
}

/** Containers that pass every filter, the newest first. @throws BargeError for filters that make no sense. */
export async function listContainers(ctx: ContainerContext, query: ListQuery): Promise<ContainerSummary[]> {
  const { all, limit, filters } = query;
  const tests = containerTests(ctx, filters);
  const anyState = all || limit > 0 || filters.has('status');
  const found = ctx.containers
    .list()
    .filter(({ state }) => anyState || ['running', 'paused', 'restarting'].includes(state.status))
    .filter((container) => tests.every((test) => test(container)))
    .sort((a, b) => b.definition.createdAt - a.definition.createdAt);
  const shown = limit > 0 ? found.slice(0, limit) : found;
  const namer = new ImageNamer(ctx.images);
  const linked = namesByLinks(ctx);
  if (!query.size) return shown.map((container) => summarize(container, namer, linked));
  const sizes = await containerSizes(ctx, shown, query.signal);
  return shown.map((container, i) => ({ ...summarize(container, namer, linked), ...sizes[i] }));
}
