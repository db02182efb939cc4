import type { ContainerStore } from '../../container/store.ts';
import { conflict, notFound } from '../../core/errors.ts';
import { withLinks } from '../networking/legacy-links.ts';

interface UnlinkContext {
  readonly containers: Pick<ContainerStore, 'find' | 'setDefinition'>;
}

/**
 * Takes a legacy link away from the container that has it; the container linked to stays.
 * @param ref `parent/alias`.
 * @throws BargeError not-found without such a link, conflict for a container's own name.
 */
export function unlinkContainer(ctx: UnlinkContext, ref: string): void {
  const path = ref.replace(/^\//, '');
  const slash = path.indexOf('/');
  if (slash === -1) {
    ctx.containers.find(path);
    throw conflict('Conflict, cannot remove the default link name of the container');
  }
  const [parent, alias] = [path.slice(0, slash), path.slice(slash + 1)];
  const { definition } = ctx.containers.find(parent);
  const { links } = definition.spec.names;
  const left = links.filter((link) => link.alias !== alias);
  if (left.length === links.length) throw notFound(`No such container: ${ref}`);
  ctx.containers.setDefinition(definition.id, { spec: withLinks(definition.spec, left) });
}
