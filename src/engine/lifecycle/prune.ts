import { isPrunable } from '../../container/life/state.ts';
import { isKind } from '../../core/errors.ts';
import { assertKnownFilters, type Filters, labelsPass, untilFilter } from '../filters.ts';
import { containerSizes, type SizeContext } from '../query/sizes.ts';
import type { ContainerEvents } from './context.ts';
import type { FollowContext } from './follow.ts';
import { removeContainer } from './remove.ts';

interface ContainerPruneReport {
  readonly ContainersDeleted: string[] | null;
  /** Bytes that the containers had written. */
  readonly SpaceReclaimed: number;
}

/** Removes every stopped container that passes the filters `label`, `label!` and `until`. */
export async function pruneContainers(
  ctx: FollowContext & SizeContext & ContainerEvents,
  filters: Filters,
): Promise<ContainerPruneReport> {
  assertKnownFilters(filters, ['label', 'label!', 'until']);
  const until = untilFilter(filters);
  const wanted = ctx.containers
    .list()
    .filter(({ state }) => isPrunable(state))
    .filter(({ definition }) => definition.createdAt < until)
    .filter(({ definition }) => labelsPass(definition.spec.labels, filters));
  const sizes = await containerSizes(ctx, wanted);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const [i, { definition }] of wanted.entries()) {
    if (!(await removeIfStopped(ctx, definition.id))) continue;
    deleted.push(definition.id);
    reclaimed += sizes[i]?.SizeRw ?? 0;
  }
  ctx.events.emit('container', 'prune', '', { reclaimed: `${reclaimed}` });
  return { ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
}

/** One that has been started or removed meanwhile is left to whoever did that. */
async function removeIfStopped(ctx: FollowContext, id: string): Promise<boolean> {
  if (!ctx.containers.has(id)) return false;
  try {
    await removeContainer(ctx, id, {});
    return true;
  } catch (error) {
    if (isKind(error, 'conflict') || isKind(error, 'not-found')) return false;
    throw error;
  }
}
