import { assertNameValid } from '../../container/model.ts';
import { conflict, invalidParameter } from '../../core/errors.ts';
import { type Filters, labelMatches } from '../filters.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { removeContainer } from './remove.ts';
import { registerNames } from './resolution.ts';

export function renameContainer(ctx: ContainerContext, word: string, newName: string): void {
  const name = newName.replace(/^\//, '');
  const { definition } = ctx.containers.find(word);
  if (!name) throw invalidParameter('Neither old nor new names may be empty');
  assertNameValid(name, newName);
  if (name === definition.name) throw conflict('Renaming a container with the same name as its current name');
  const renamed = ctx.containers.setDefinition(definition.id, { name });
  registerNames(ctx, renamed.definition, renamed.state.attachment?.endpoints ?? []);
  emitContainer(ctx, renamed, 'rename', { oldName: `/${definition.name}` });
}

/** Removes every stopped container that passes the filters `label`, `label!` and `until`. */
export async function pruneContainers(
  ctx: ContainerContext,
  filters: Filters,
): Promise<{ ContainersDeleted: string[]; SpaceReclaimed: number }> {
  const deleted: string[] = [];
  for (const { definition, state } of ctx.containers.list()) {
    if (!['created', 'exited', 'dead'].includes(state.status)) continue;
    const labels = definition.config.Labels ?? {};
    const wanted =
      (filters.get('label') ?? []).every((label) => labelMatches(labels, label)) &&
      !(filters.get('label!') ?? []).some((label) => labelMatches(labels, label)) &&
      (filters.get('until') ?? []).every((until) => definition.createdAt < Number(until) * 1000);
    if (!wanted) continue;
    await removeContainer(ctx, definition.id, {});
    deleted.push(definition.id);
  }
  return { ContainersDeleted: deleted, SpaceReclaimed: 0 };
}
