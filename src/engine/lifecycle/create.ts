import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  HostConfig,
} from '../../api/engine/containers.ts';
import { checkConfig } from '../../container/check/config.ts';
import { checkHostConfig } from '../../container/check/host-config.ts';
import { checkResources } from '../../container/check/resources.ts';
import { checkLogConfig } from '../../container/log/drivers.ts';
import { assertNameValid, type ContainerDefinition } from '../../container/model.ts';
import { effectiveCapabilities, hostCapabilities } from '../../container/oci/capabilities.ts';
import { resourceLimits } from '../../container/oci/limits.ts';
import { commandOf } from '../../container/oci/spec.ts';
import type { Digest } from '../../core/digest.ts';
import { invalidParameter } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { cgroupFeatures } from '../../host/cgroup-features.ts';
import { warmCgroupLock } from '../../host/cgroups.ts';
import { parsePlatform } from '../../image/platform.ts';
import { resolveMounts } from '../../volume/mounts.ts';
import { imageFor } from '../images/platforms.ts';
import { inventName } from '../names.ts';
import { checkNetworks, firewallWarnings } from '../networking/network-check.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { enterContainer } from './enter.ts';
import { imageLayers, inheritedMounts } from './inherited.ts';
import { mergeConfig, withDefaults } from './merge-config.ts';
import { assertNamespacesThere } from './namespaces.ts';
import { checkStorageOptions, limitSize } from './size-limit.ts';
import { makeWorkingDirectory } from './working-directory.ts';

/**
 * Makes a container of an image; nothing runs yet.
 * @throws BargeError not-found without the image, conflict for a taken name, invalid-parameter for options
 *   that contradict each other or that Barge does not support (named).
 */
export async function createContainer(
  ctx: ContainerContext,
  request: ContainerCreateRequest,
  { name, platform }: { readonly name?: string; readonly platform?: string },
): Promise<ContainerCreateResponse> {
  warmCgroupLock(); /* most containers are started as soon as they are made */
  if (!request.Image) throw invalidParameter('config cannot be empty in order to create a container');
  const found = ctx.images.require(request.Image);
  const image = imageFor(ctx, request.Image, platform ? [parsePlatform(platform)] : [], found);
  const { HostConfig: options = {}, NetworkingConfig: networking = {}, ...config } = request;
  checkConfig(config);
  const hostWarnings = checkHostConfig(config, options);
  const features = cgroupFeatures(options.CgroupParent || ctx.runner.roots.cgroupParent);
  const { resources, warnings: limitWarnings } = checkResources(options, features);
  const host = withDefaults(resources, ctx.settings.defaults);
  checkLogConfig(host.LogConfig ?? {});
  const sizeLimit = checkStorageOptions(options);
  ctx.runner.runtimeNamed(options.Runtime);
  assertNamespacesThere(ctx, options);
  const networkingConfig = checkNetworks(ctx, options, networking.EndpointsConfig ?? {});
  const chosen = chooseName(ctx, name);
  const id = newId();
  using _ = ctx.containers.promiseName(chosen, id);
  const merged = mergeConfig(config, image.config.config ?? {}, id, host);
  commandOf(merged);
  const warnings = [...hostWarnings, ...limitWarnings, ...grantWarnings(host)];
  const declared = Object.keys(merged.Volumes ?? {});
  const input = { host, declared, inherited: inheritedMounts(ctx, host.VolumesFrom ?? []) };
  const { mounts, volumes } = await resolveMounts(input, ctx.volumes, (ref) => imageLayers(ctx, ref));
  const definition: ContainerDefinition = {
    id,
    name: chosen,
    createdAt: Date.now(),
    imageName: request.Image,
    imageId: image.id,
    layers: image.config.rootfs.diff_ids,
    config: merged,
    hostConfig: host,
    networkingConfig,
    mounts,
  };
  const container = await enterContainer(ctx, definition, volumes, async () => {
    if (sizeLimit) await limitSize(ctx, id, sizeLimit);
    await makeWorkingDirectory(ctx, definition);
  });
  emitContainer(ctx, container, 'create');
  return { Id: id, Warnings: [...warnings, ...(await firewallWarnings(ctx, definition))] };
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
  return name;
}

/** What this host cannot give: said once at the creation, and left out at every start. */
function grantWarnings(host: HostConfig): string[] {
  const { missing } = effectiveCapabilities({
    add: host.CapAdd ?? [],
    drop: host.CapDrop ?? [],
    privileged: Boolean(host.Privileged),
  });
  const limits = resourceLimits(host.Ulimits ?? [], hostCapabilities().has('CAP_SYS_RESOURCE'));
  return [
    ...missing.map(
      (name) => `This host cannot grant the capability ${name}: the container will be without it.`,
    ),
    ...limits.warnings,
  ];
}

/** Layers that containers need, which garbage collection leaves alone. */
export function layersInUse(ctx: Pick<ContainerContext, 'containers'>): Set<Digest> {
  return new Set(
    ctx.containers
      .list()
      .flatMap(({ definition }) => [
        ...definition.layers,
        ...definition.mounts.flatMap((m) => m.layers ?? []),
      ]),
  );
}
