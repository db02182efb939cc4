import { assertNameValid } from '../../container/model.ts';
import { conflict, invalidParameter, isKind } from '../../core/errors.ts';
import { assertKnownFilters, type Filters, labelsPass, untilFilter } from '../filters.ts';
import { renameLinks } from '../networking/legacy-links.ts';
import { registerNames } from '../networking/resolution.ts';
import { containerSizes } from '../query/sizes.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { removeContainer } from './remove.ts';

export function renameContainer(ctx: ContainerContext, ref: string, newName: string): void {
  const name = newName.replace(/^\//, '');
  const { definition, state } = ctx.containers.find(ref);
  if (!name) throw invalidParameter('Neither old nor new names may be empty');
  assertNameValid(name, newName);
  if (name === definition.name) {
    throw invalidParameter('Renaming a container with the same name as its current name');
  }
  if (state.status === 'removing' || state.status === 'dead') {
    throw conflict(`container ${definition.id} is marked for removal and cannot be renamed`);
  }
  const renamed = ctx.containers.setDefinition(definition.id, { name });
  renameLinks(ctx, definition.name, name);
  registerNames(ctx, renamed.definition, renamed.state.attachment?.endpoints ?? []);
  emitContainer(ctx, renamed, 'rename', { oldName: `/${definition.name}` });
}

export interface ContainerPruneReport {
  readonly ContainersDeleted: string[] | null;
  /** Bytes that the containers had written. */
  readonly SpaceReclaimed: number;
}

/** Removes every stopped container that passes the filters `label`, `label!` and `until`. */
export async function pruneContainers(
  ctx: ContainerContext,
  filters: Filters,
): Promise<ContainerPruneReport> {
  assertKnownFilters(filters, ['label', 'label!', 'until']);
  const until = untilFilter(filters);
  const wanted = ctx.containers
    .list()
    .filter(({ state }) => ['created', 'exited', 'dead'].includes(state.status))
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
async function removeIfStopped(ctx: ContainerContext, id: string): Promise<boolean> {
  if (!ctx.containers.has(id)) return false;
  try {
    await removeContainer(ctx, id, {});
    return true;
  } catch (error) {
    if (isKind(error, 'conflict') || isKind(error, 'not-found')) return false;
    throw error;
  }
}
