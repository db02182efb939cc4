import type { ContainerInspect } from '../../api/engine/containers.ts';
import type { MountPoint } from '../../api/engine/volumes.ts';
import { shownState, timeText } from '../../container/life/shown.ts';
import { lastRun } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { runConfig } from '../../container/run-config.ts';
import type { ContainerContext } from '../../engine/lifecycle/context.ts';
import { encodeHostConfig } from './host-config.ts';
import { networkSettings } from './network-settings.ts';

/** The response of `GET /containers/{id}/json`, without sizes. */
export function encodeInspect(
  ctx: Pick<ContainerContext, 'runner' | 'layers'>,
  { definition, state }: Container,
  execIds: readonly string[],
): ContainerInspect {
  const directories = ctx.runner.directories(definition.id);
  const { entrypoint, command } = definition.spec.process;
  const [path = '', ...args] = [...entrypoint, ...command];
  return {
    Id: definition.id,
    Created: timeText(definition.createdAt),
    Path: path,
    Args: args,
    State: shownState(state),
    Image: definition.imageId,
    ResolvConfPath: directories.resolvConf,
    HostnamePath: directories.hostname,
    HostsPath: directories.hosts,
    LogPath: directories.log,
    Name: `/${definition.name}`,
    RestartCount: lastRun(state).restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execIds.length > 0 ? execIds : null,
    HostConfig: encodeHostConfig(definition.spec, definition.name),
    GraphDriver: graphDriver(ctx, definition),
    Mounts: mountPoints(definition),
    Config: { ...runConfig(definition.spec), Image: definition.imageName },
    NetworkSettings: networkSettings({ definition, state }),
  };
}

function graphDriver(ctx: Pick<ContainerContext, 'runner' | 'layers'>, definition: ContainerDefinition) {
  const directories = ctx.runner.directories(definition.id);
  const lower = definition.layers.flatMap((diffId) => ctx.layers.get(diffId)?.directory ?? []);
  const lowerDir = lower.reverse().map((name) => `${ctx.layers.root}/${name}`);
  return {
    Name: 'overlay2',
    Data: {
      LowerDir: lowerDir.join(':'),
      MergedDir: directories.rootfs,
      UpperDir: directories.upper,
      WorkDir: directories.work,
    },
  };
}

/** The API's view of mounts. Those of `--tmpfs` are in the host configuration only, as docker has it. */
export function mountPoints({ mounts }: ContainerDefinition): MountPoint[] {
  return mounts
    .filter(({ unlisted }) => !unlisted)
    .map((mount) => ({
      Type: mount.Type,
      ...(mount.Name === undefined ? {} : { Name: mount.Name }),
      Source: mount.Source,
      Destination: mount.Destination,
      ...(mount.Driver === undefined ? {} : { Driver: mount.Driver }),
      Mode: mount.Mode,
      RW: mount.RW,
      Propagation: mount.Propagation,
    }));
}
