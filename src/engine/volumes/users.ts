import type { Container } from '../../container/model.ts';
import type { ContainerStore } from '../../container/store.ts';

type Context = { readonly containers: Pick<ContainerStore, 'list'> };

/** Containers, running or not, that have a volume. */
export function containersOf({ containers }: Context, volume: string): Container[] {
  return containers
    .list()
    .filter(({ definition }) => definition.mounts.some((m) => m.Type === 'volume' && m.Name === volume));
}

/** How many containers have each volume. */
export function referenceCounts({ containers }: Context): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { definition } of containers.list()) {
    const names = new Set(definition.mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name) || []));
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
