import { attachmentOf, isLeaving } from '../../container/life/state.ts';
import { assertNameValid } from '../../container/model.ts';
import type { ContainerStore } from '../../container/store.ts';
import { conflict, invalidParameter } from '../../core/errors.ts';
import { type RenameLinksContext, renameLinks } from '../networking/legacy-links.ts';
import { type DirectoryContext, registerNames } from '../networking/resolution.ts';
import { type ContainerEvents, emitContainer } from './context.ts';

export interface RenameContext extends ContainerEvents, RenameLinksContext, DirectoryContext {
  readonly containers: Pick<ContainerStore, 'find' | 'list' | 'setDefinition'>;
}

export function renameContainer(ctx: RenameContext, ref: string, newName: string): void {
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
