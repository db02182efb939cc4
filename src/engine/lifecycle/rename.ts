import { attachmentOf, isLeaving } from '../../container/life/state.ts';
import { assertNameValid } from '../../container/model.ts';
import { conflict, invalidParameter } from '../../core/errors.ts';
import { renameLinks } from '../networking/legacy-links.ts';
import { registerNames } from '../networking/resolution.ts';
import { type ContainerContext, emitContainer } from './context.ts';

export function renameContainer(ctx: ContainerContext, ref: string, newName: string): void {
  const name = newName.replace(/^\//, '');
  const { definition, state } = ctx.containers.find(ref);
  if (!name) throw invalidParameter('Neither old nor new names may be empty');
  assertNameValid(name, newName);
  if (name === definition.name) {
    throw invalidParameter('Renaming a container with the same name as its current name');
  }
  if (isLeaving(state)) {
    throw conflict(`container ${definition.id} is marked for removal and cannot be renamed`);
  }
  const renamed = ctx.containers.setDefinition(definition.id, { name });
  renameLinks(ctx, definition.name, name);
  registerNames(ctx, renamed.definition, attachmentOf(renamed.state)?.endpoints ?? []);
  emitContainer(ctx, renamed, 'rename', { oldName: `/${definition.name}` });
}
