import { posix } from 'node:path';
import type { ContainerConfig, HostConfig } from '../../api/engine/containers.ts';
import type { NetworkingConfig } from '../../api/engine/networks.ts';
import type { ContainerDefinition, ResolvedMount } from '../../container/model.ts';
import { specOf } from './container-spec.ts';

/** A stored definition from before formats had numbers: it has the Engine API's terms, with all defaults filled in. */
export interface FirstFormat extends Omit<ContainerDefinition, 'spec'> {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkingConfig: NetworkingConfig;
}

/** @param row as `FirstFormat`: earlier daemons have checked what they stored. */
export function upgradeDefinition(row: unknown): ContainerDefinition {
  const { config, hostConfig: host, networkingConfig, mounts, ...definition } = row as FirstFormat;
  const endpoints = networkingConfig.EndpointsConfig ?? { [host.NetworkMode || 'bridge']: {} };
  const spec = specOf({ config, host, endpoints });
  return { ...definition, spec, mounts: mounts.map((mount) => upgradeMount(mount, host)) };
}

const cleanPath = (path: string) => posix.normalize(path).replace(/(.)\/$/, '$1');

/** The host configuration said which mounts came from `-v` and `--tmpfs`; now the mounts do. */
function upgradeMount(mount: ResolvedMount, { Binds, Tmpfs }: HostConfig): ResolvedMount {
  const { Type, Source, Destination } = mount;
  const isRemade = Type === 'bind' && Binds?.some((bind) => bind.startsWith(`${Source}:`));
  const isUnlisted =
    Type === 'tmpfs' &&
    Object.keys(Tmpfs ?? {})
      .map(cleanPath)
      .includes(Destination);
  return {
    ...mount,
    ...(isRemade ? { remakesSource: true } : {}),
    ...(isUnlisted ? { unlisted: true } : {}),
  };
}
