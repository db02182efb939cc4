import type { ImageRunConfig } from '../../api/oci-image.ts';
import { checkAnnotations } from '../../container/check/annotations.ts';
import { checkLimits, swapOf } from '../../container/check/resources.ts';
import { containerSpec } from '../../container/default-spec.ts';
import type { ContainerDefaults } from '../../container/defaults.ts';
import { withEndpoints } from '../../container/endpoints.ts';
import { checkLog } from '../../container/log/drivers.ts';
import { assertNameValid, type ContainerDefinition } from '../../container/model.ts';
import { effectiveCapabilities, hostCapabilities } from '../../container/oci/capabilities.ts';
import { resourceLimits } from '../../container/oci/limits.ts';
import { commandOf } from '../../container/oci/spec.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { Digest } from '../../core/digest.ts';
import { newId } from '../../core/ids.ts';
import { parsePlatform } from '../../image/platform.ts';
import { type RequestedMounts, resolveMounts } from '../../volume/mounts.ts';
import { imageFor } from '../images/platforms.ts';
import { inventName } from '../names.ts';
import { checkNetworks, firewallWarnings } from '../networking/network-check.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { enterContainer } from './enter.ts';
import { imageLayers, inheritedMounts } from './inherited.ts';
import { assertNamespacesThere, cgroupNamespace, type PidContext } from './namespaces.ts';
import { checkStorageOptions, limitSize } from './size-limit.ts';
import { makeWorkingDirectory } from './working-directory.ts';

/** A creation checks its request against nearly everything, but starts nothing. */
type CreateContext = Pick<
  ContainerContext,
  | 'containers'
  | 'events'
  | 'host'
  | 'images'
  | 'layers'
  | 'life'
  | 'mounted'
  | 'networks'
  | 'runner'
  | 'settings'
  | 'volumes'
>;

/** What `describe` builds on: known once the image has been found. */
export interface Surroundings {
  readonly id: string;
  readonly image: ImageRunConfig;
  readonly defaults: ContainerDefaults;
  /** The cgroup namespace of a container whose request does not choose one. */
  readonly cgroupNamespace: (privileged: boolean) => 'private' | 'host';
}

/** A new container, except for its name and image. */
export interface ContainerDescription {
  /** Its endpoints are keyed by the network's name or id. */
  readonly spec: ContainerSpec;
  readonly mounts: RequestedMounts & { readonly volumesFrom: readonly string[] };
  /** `size=…` limits what the container may write. */
  readonly storageOptions: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface CreateRequest {
  readonly image: string;
  /** Empty: any. */
  readonly name: string;
  /** Empty: the host's. */
  readonly platform: string;
  /** @throws BargeError invalid-parameter for a request that no container can fulfil. */
  readonly describe: (around: Surroundings) => ContainerDescription;
}

/**
 * Creates a container from an image, without starting it.
 * @throws BargeError not-found without the image, conflict for a taken name, invalid-parameter for options
 *   that contradict each other or that Barge does not support (named).
 */
export async function createContainer(
  ctx: CreateContext,
  request: CreateRequest,
): Promise<{ readonly id: string; readonly warnings: readonly string[] }> {
  ctx.host.cgroups.warmLock(); /* most containers are started as soon as they are made */
  const found = ctx.images.require(request.image);
  const { platform } = request;
  const image = imageFor(ctx, request.image, platform ? [parsePlatform(platform)] : [], found);
  const { defaults } = ctx.settings;
  const id = newId();
  const { spec, mounts, storageOptions, warnings } = request.describe({
    id,
    image: image.config.config ?? {},
    defaults,
    cgroupNamespace: (privileged) => cgroupNamespace(privileged, defaults, ctx.host.cgroups.layout),
  });
  const checked = checkSpec(ctx, spec);
  const sizeLimit = checkStorageOptions(storageOptions);
  const resolved = withEndpoints(checked.spec, checkNetworks(ctx, checked.spec));
  const name = chooseName(ctx, request.name);
  using _ = ctx.containers.promiseName(name, id);
  commandOf(resolved.process);
  const inherited = inheritedMounts(ctx, mounts.volumesFrom);
  const findImage = (ref: string) => imageLayers(ctx, ref);
  const { mounts: made, volumes } = await resolveMounts({ ...mounts, inherited }, ctx.volumes, findImage);
  const definition: ContainerDefinition = {
    id,
    name,
    createdAt: Date.now(),
    imageName: request.image,
    imageId: image.id,
    layers: image.config.rootfs.diff_ids,
    spec: containerSpec(resolved),
    mounts: made,
  };
  const container = await enterContainer(ctx, definition, volumes, async () => {
    if (sizeLimit) await limitSize(ctx, id, sizeLimit);
    await makeWorkingDirectory(ctx, definition);
  });
  emitContainer(ctx, container, 'create');
  const firewall = await firewallWarnings(ctx, definition.spec);
  return { id, warnings: [...warnings, ...checked.warnings, ...grantWarnings(spec), ...firewall] };
}

/**
 * Checks a spec against the capabilities of this daemon and its kernel.
 * @returns the spec without limits that cannot be enforced, and a warning for each of them.
 */
function checkSpec(
  ctx: PidContext & Pick<ContainerContext, 'host' | 'runner'>,
  spec: ContainerSpec,
): { readonly spec: ContainerSpec; readonly warnings: readonly string[] } {
  checkAnnotations(spec.annotations);
  const features = ctx.host.cgroups.features(spec.limits.cgroupParent || ctx.runner.roots.cgroupParent);
  const { limits, warnings } = checkLimits(spec.limits, features);
  checkLog(spec.log);
  ctx.runner.runtimeNamed(spec.runtime);
  assertNamespacesThere(ctx, spec);
  return { spec: { ...spec, limits: { ...limits, memorySwap: swapOf(limits) } }, warnings };
}

function chooseName(
  ctx: { readonly containers: Pick<ContainerStore, 'assertNameFree'> },
  asked: string,
): string {
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

/** Warnings about what this host cannot grant; a start leaves it out without repeating them. */
function grantWarnings({ security, limits }: ContainerSpec): string[] {
  const { missing } = effectiveCapabilities({ ...security.capabilities, privileged: security.privileged });
  const { warnings } = resourceLimits(limits.ulimits, hostCapabilities().has('CAP_SYS_RESOURCE'));
  return [
    ...missing.map(
      (name) => `This host cannot grant the capability ${name}: the container will be without it.`,
    ),
    ...warnings,
  ];
}

/** Layers that containers need: garbage collection leaves them alone. */
export function layersInUse(ctx: { readonly containers: Pick<ContainerStore, 'list'> }): Set<Digest> {
  return new Set(
    ctx.containers
      .list()
      .flatMap(({ definition }) => [
        ...definition.layers,
        ...definition.mounts.flatMap((m) => m.layers ?? []),
      ]),
  );
}
