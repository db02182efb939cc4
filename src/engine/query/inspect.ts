import type { ContainerInspect, MountPoint } from '../../api/engine.ts';
import { DEFAULT_SHM_SIZE } from '../../container/defaults.ts';
import { shownState, timeText } from '../../container/life/shown.ts';
import { lastRun } from '../../container/life/state.ts';
import { parseLink, shownLink } from '../../container/links.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../../container/oci/mounts.ts';
import { cgroupLayout } from '../../host/cgroups.ts';
import { destinationOf } from '../../volume/destination.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { networkSettings } from '../networking/network-settings.ts';
import { UNSET_HOST_CONFIG } from './unset-host-config.ts';

export function inspectContainer(
  ctx: ContainerContext,
  { definition, state }: Container,
  execIds: readonly string[],
): ContainerInspect {
  const directories = ctx.runner.directories(definition.id);
  const { config } = definition;
  const [path = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
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
    HostConfig: hostConfigWithDefaults(definition),
    GraphDriver: graphDriver(ctx, definition),
    Mounts: mountPoints(definition),
    Config: configWithDefaults(definition),
    NetworkSettings: networkSettings({ definition, state }),
  };
}

function graphDriver(ctx: ContainerContext, definition: ContainerDefinition) {
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

function hostConfigWithDefaults(definition: ContainerDefinition): ContainerInspect['HostConfig'] {
  const { hostConfig: host } = definition;
  return {
    ...UNSET_HOST_CONFIG,
    ...host,
    ...(host.Links?.length
      ? { Links: host.Links.map((text) => shownLink(parseLink(text), definition.name)) }
      : {}),
    CgroupnsMode: host.CgroupnsMode || (cgroupLayout() === 'v2' ? 'private' : 'host'),
    IpcMode: host.IpcMode || 'private',
    ShmSize: host.ShmSize || DEFAULT_SHM_SIZE,
    Runtime: host.Runtime || 'crun',
    MaskedPaths: host.Privileged ? null : (host.MaskedPaths ?? MASKED_PATHS),
    ReadonlyPaths: host.Privileged ? null : (host.ReadonlyPaths ?? READONLY_PATHS),
  };
}

function configWithDefaults({ config, imageName }: ContainerDefinition): ContainerInspect['Config'] {
  return {
    Domainname: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    OnBuild: null,
    ...config,
    Image: imageName,
  };
}

/** The API's view of mounts. Those of `--tmpfs` are in the host configuration only, as docker has it. */
export function mountPoints({ mounts, hostConfig }: ContainerDefinition): MountPoint[] {
  const hidden = new Set(Object.keys(hostConfig.Tmpfs ?? {}).map(destinationOf));
  return mounts
    .filter(({ Type, Destination }) => Type !== 'tmpfs' || !hidden.has(Destination ?? ''))
    .map(({ options, anonymous, copyUp, recursion, subpath, layers, ...shown }) => shown);
}
