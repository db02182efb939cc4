import { assertNameValid, type ContainerDefinition } from '../../container/model.ts';
import { effectiveCapabilities } from '../../container/oci/capabilities.ts';
import { checkResources } from '../../container/oci/resources.ts';
import { commandOf } from '../../container/oci/spec.ts';
import type { Digest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { newId, shortId } from '../../core/ids.ts';
import { warmCgroupLock } from '../../host/cgroups.ts';
import type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerCreateResponse,
  HostConfig,
} from '../../spec/engine.ts';
import type { ImageRunConfig } from '../../spec/oci-image.ts';
import { resolveMounts } from '../../volume/mounts.ts';
import { inventName } from '../names.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { copyUpVolumes } from './copy-up.ts';
import { checkNetworks } from './endpoints.ts';

const LOG_DRIVERS = ['', 'json-file', 'local', 'none'];
const RESTART_POLICIES = ['', 'no', 'always', 'unless-stopped', 'on-failure'];

/**
 * Makes a container of an image; nothing runs yet.
 * @throws BargeError not-found without the image, conflict for a taken name, invalid-parameter for options
 *   that contradict each other or that Barge does not support (named).
 */
export async function createContainer(
  ctx: ContainerContext,
  request: ContainerCreateRequest,
  name: string | undefined,
): Promise<ContainerCreateResponse> {
  warmCgroupLock(); /* most containers are started as soon as they are made */
  if (!request.Image) throw invalidParameter('config cannot be empty in order to create a container');
  const image = ctx.images.find(request.Image);
  const { HostConfig: host = {}, NetworkingConfig: networkingConfig = {}, ...config } = request;
  checkHostConfig(host);
  checkNetworks(ctx, host, networkingConfig.EndpointsConfig ?? {});
  const chosen = chooseName(ctx, name);
  const id = newId();
  const merged = mergeConfig(config, image.config.config ?? {}, id, host);
  commandOf(merged);
  const warnings = capabilityWarnings(host);
  const mounts = [
    ...(await resolveMounts(host, Object.keys(merged.Volumes ?? {}), ctx.volumes)),
    ...mountsFrom(ctx, host),
  ];
  const definition: ContainerDefinition = {
    id,
    name: chosen,
    createdAt: Date.now(),
    imageName: request.Image,
    imageId: image.id,
    layers: image.config.rootfs.diff_ids,
    config: merged,
    hostConfig: withDefaults(host),
    networkingConfig,
    mounts,
  };
  await ctx.runner.prepare(id);
  const container = ctx.containers.add(definition);
  await copyUpVolumes(ctx, container, mounts);
  emitContainer(ctx, container, 'create');
  return { Id: id, Warnings: warnings };
}

function chooseName(ctx: ContainerContext, asked: string | undefined): string {
  const taken = (name: string) => {
    try {
      ctx.containers.assertNameFree(name);
      return false;
    } catch {
      return true;
    }
  };
  if (!asked) return inventName(taken);
  const name = asked.replace(/^\//, '');
  assertNameValid(name, asked);
  ctx.containers.assertNameFree(name);
  return name;
}

/** What the user says, over what the image says (Docker's rules: an own entrypoint drops the image's command). */
function mergeConfig(
  own: ContainerConfig,
  image: ImageRunConfig,
  id: string,
  host: HostConfig,
): ContainerConfig {
  const ownEntrypoint = (own.Entrypoint ?? []).length > 0;
  const entrypoint = ownEntrypoint ? own.Entrypoint : image.Entrypoint;
  const command = (own.Cmd ?? []).length > 0 ? own.Cmd : ownEntrypoint ? null : image.Cmd;
  const cleared = own.Entrypoint?.length === 1 && own.Entrypoint[0] === '';
  return {
    ...own,
    Hostname: own.Hostname || (host.UTSMode === 'host' ? '' : shortId(id)),
    User: own.User || image.User || '',
    Env: mergeEnv(own.Env ?? [], image.Env ?? []),
    Entrypoint: cleared ? null : (entrypoint ?? null),
    Cmd: command ?? null,
    WorkingDir: own.WorkingDir || image.WorkingDir || '',
    Labels: { ...image.Labels, ...own.Labels },
    Volumes: { ...image.Volumes, ...own.Volumes },
    ExposedPorts: { ...image.ExposedPorts, ...own.ExposedPorts },
    ...(own.StopSignal || image.StopSignal ? { StopSignal: own.StopSignal || image.StopSignal || '' } : {}),
    ...(own.Healthcheck || image.Healthcheck
      ? { Healthcheck: own.Healthcheck ?? image.Healthcheck ?? {} }
      : {}),
  };
}

function mergeEnv(own: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.split('=', 1)[0];
  const names = new Set(own.map(nameOf));
  return [...own, ...image.filter((entry) => !names.has(nameOf(entry)))];
}

function withDefaults(host: HostConfig): HostConfig {
  return {
    ...host,
    NetworkMode: !host.NetworkMode || host.NetworkMode === 'default' ? 'bridge' : host.NetworkMode,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0, ...host.RestartPolicy },
    LogConfig: { Type: host.LogConfig?.Type || 'json-file', Config: host.LogConfig?.Config ?? {} },
  };
}

function checkHostConfig(host: HostConfig): void {
  checkResources(host);
  checkSecurityOptions(host.SecurityOpt ?? []);
  const driver = host.LogConfig?.Type ?? '';
  if (!LOG_DRIVERS.includes(driver)) {
    throw invalidParameter(
      `logger: no log driver named '${driver}' is registered: use json-file, local or none`,
    );
  }
  const policy = host.RestartPolicy?.Name ?? '';
  if (!RESTART_POLICIES.includes(policy)) throw invalidParameter(`invalid restart policy '${policy}'`);
  if (host.AutoRemove && !['', 'no'].includes(policy)) {
    throw invalidParameter("can't create 'AutoRemove' container with restart policy");
  }
  if (host.VolumeDriver && host.VolumeDriver !== 'local') {
    throw invalidParameter(`volume driver "${host.VolumeDriver}" is not available: only "local" is`);
  }
  for (const [option, value] of unsupported(host)) {
    if (value) throw invalidParameter(`${option} is not supported by this version of Barge`);
  }
}

const SECURITY_OPTIONS =
  /^(no-new-privileges([=:](true|false))?|seccomp[=:][\s\S]+|apparmor[=:]unconfined|label[=:].+|systempaths[=:]unconfined)$/;

/** @throws BargeError invalid-parameter for security options that would have no effect here. */
function checkSecurityOptions(options: readonly string[]): void {
  const wrong = options.find((option) => !SECURITY_OPTIONS.test(option));
  if (wrong)
    throw invalidParameter(
      `invalid --security-opt 1: "${wrong}": Barge knows seccomp, no-new-privileges, label and apparmor=unconfined`,
    );
}

/** Options of the API that need parts which are still to come: refused by name, never ignored. */
function unsupported(host: HostConfig): [string, unknown][] {
  return [
    ['--gpus (DeviceRequests)', host.DeviceRequests?.length],
    ['--storage-opt (StorageOpt)', Object.keys(host.StorageOpt ?? {}).length],
    ['--link (Links)', host.Links?.length],
    ['--userns (UsernsMode)', host.UsernsMode && host.UsernsMode !== 'host'],
    ['--isolation (Isolation)', host.Isolation && host.Isolation !== 'default'],
  ];
}

function capabilityWarnings(host: HostConfig): string[] {
  const { missing } = effectiveCapabilities({
    add: host.CapAdd ?? [],
    drop: host.CapDrop ?? [],
    privileged: Boolean(host.Privileged),
  });
  return missing.map(
    (name) => `This host cannot grant the capability ${name}: the container will be without it.`,
  );
}

/** `--volumes-from`: the mounts of other containers, read-only where asked. */
function mountsFrom(ctx: ContainerContext, host: HostConfig): ContainerDefinition['mounts'] {
  return (host.VolumesFrom ?? []).flatMap((text) => {
    const [word = '', mode = 'rw'] = text.split(':');
    if (!['ro', 'rw', 'z', 'Z'].includes(mode))
      throw invalidParameter(`invalid mode for volumes-from: ${mode}`);
    const { definition } = ctx.containers.find(word);
    return definition.mounts
      .filter((mount) => mount.Type !== 'tmpfs')
      .map(({ anonymous, ...mount }) => ({ ...mount, RW: mount.RW && mode !== 'ro' }));
  });
}

/** Layers that containers need, which garbage collection leaves alone. */
export function layersInUse(ctx: Pick<ContainerContext, 'containers'>): Set<Digest> {
  return new Set(ctx.containers.list().flatMap(({ definition }) => definition.layers));
}
