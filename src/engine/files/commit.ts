import { readdir } from 'node:fs/promises';
import type { ContainerConfig } from '../../api/engine/containers.ts';
import type { ImageConfig, ImageRunConfig } from '../../api/oci-image.ts';
import { applyChanges } from '../../builder/changes.ts';
import type { ContainerDirectories } from '../../container/directories.ts';
import { isLeaving } from '../../container/life/state.ts';
import { type Container, type ContainerDefinition, noSuchContainer } from '../../container/model.ts';
import { runConfig } from '../../container/run-config.ts';
import type { ContainerStore } from '../../container/store.ts';
import type { Digest } from '../../core/digest.ts';
import { conflict } from '../../core/errors.ts';
import { familiarString, parseReference, type Reference, withDefaultTag } from '../../core/reference.ts';
import type { Cgroups } from '../../host/cgroups.ts';
import type { Files } from '../../host/files.ts';
import type { Image, ImageStore } from '../../image/images.ts';
import type { LayerStore } from '../../image/layers.ts';
import { hostPlatform } from '../../image/pull.ts';
import { emitImage } from '../images/emit.ts';
import { type ContainerEvents, emitContainer } from '../lifecycle/context.ts';

interface CommitRequest {
  /** `name[:tag]`; absent: the image gets no name. */
  readonly reference?: string;
  readonly comment: string;
  readonly author: string;
  /** Dockerfile instructions, applied to the image's configuration. */
  readonly changes: readonly string[];
  /** Stop the processes while their files are read. */
  readonly pause: boolean;
  /** Goes over the container's own configuration. */
  readonly config: ContainerConfig;
  readonly signal: AbortSignal;
}

/** What packing a container's changes as a layer needs. */
interface PackContext {
  readonly containers: Pick<ContainerStore, 'find' | 'get' | 'has'>;
  readonly host: {
    readonly cgroups: Pick<Cgroups, 'freeze'>;
    readonly files: Pick<Files, 'packTar'>;
  };
  readonly layers: Pick<LayerStore, 'addTar' | 'lease'>;
  readonly runner: {
    cgroupOf(definition: ContainerDefinition): string;
    directories(id: string): Pick<ContainerDirectories, 'upper'>;
  };
}

interface CommitContext extends PackContext, ContainerEvents {
  readonly images: Pick<ImageStore, 'add' | 'get' | 'tag'>;
}

/**
 * Makes an image of a container: its image's layers and one with what it has changed.
 * @throws BargeError not-found, invalid-parameter for a bad reference or change, conflict for one that goes.
 */
export async function commitContainer(
  ctx: CommitContext,
  ref: string,
  request: CommitRequest,
): Promise<Image> {
  const container = ctx.containers.find(ref);
  const { definition, state } = container;
  if (isLeaving(state)) {
    throw conflict(`You cannot commit container ${definition.id} which is ${state.status}`);
  }
  const reference = request.reference ? taggable(request.reference) : undefined;
  const config = await applyChanges(
    joinedConfig(request.config, runConfig(definition.spec)),
    request.changes,
  );
  using _lease = ctx.layers.lease(definition.layers);
  const layer = await packChanges(ctx, container, request);
  using _new = ctx.layers.lease(layer ? [layer] : []);
  const image = ctx.images.add(
    Buffer.from(JSON.stringify(imageConfig(ctx, container, request, config, layer))),
  );
  if (reference) ctx.images.tag(reference, image.id);
  emitContainer(ctx, container, 'commit', {
    comment: request.comment,
    imageID: image.id,
    imageRef: reference ? familiarString(reference) : '',
  });
  if (reference) emitImage(ctx, image, 'tag', familiarString(reference));
  return image;
}

function taggable(text: string): Reference {
  return withDefaultTag(parseReference(text));
}

/** The members of a container's configuration that an image keeps. */
const KEPT = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Healthcheck',
  'OnBuild',
  'Shell',
] as const;

function joinedConfig(own: ContainerConfig, container: ContainerConfig): ImageRunConfig {
  const isGiven = (value: unknown) => value !== undefined && value !== null && value !== '';
  const over = KEPT.filter((name) => isGiven(own[name])).map((name) => [name, own[name]]);
  const base = KEPT.filter((name) => isGiven(container[name])).map((name) => [name, container[name]]);
  const merged = Object.fromEntries([...base, ...over]) as ImageRunConfig;
  return {
    ...merged,
    ...joined('Labels', container, own),
    ...joined('ExposedPorts', container, own),
    ...joined('Volumes', container, own),
  };
}

function joined(name: 'Labels' | 'ExposedPorts' | 'Volumes', a: ContainerConfig, b: ContainerConfig) {
  const all = { ...a[name], ...b[name] };
  return Object.keys(all).length > 0 ? { [name]: all } : {};
}

/** The upper directory as a layer; undefined when nothing has changed. The container keeps its own directory. */
async function packChanges(
  ctx: PackContext,
  container: Container,
  { pause, signal }: CommitRequest,
): Promise<Digest | undefined> {
  const { definition, state } = container;
  const { upper } = ctx.runner.directories(definition.id);
  const freezing = pause && state.status === 'running';
  const cgroup = ctx.runner.cgroupOf(definition);
  if (freezing) ctx.host.cgroups.freeze(cgroup, true);
  try {
    if ((await readdir(upper)).length === 0) return undefined;
    const { diffId } = await ctx.layers.addTar(ctx.host.files.packTar({ root: upper, layer: true, signal }), {
      signal,
    });
    return diffId;
  } catch (error) {
    if (!ctx.containers.has(definition.id)) throw noSuchContainer(definition.id);
    throw error;
  } finally {
    /* Someone may have paused it, or it may have been killed, meanwhile. */
    const isStill = ctx.containers.has(definition.id) && ctx.containers.get(definition.id).state;
    if (freezing && isStill && isStill.status === 'running') ctx.host.cgroups.freeze(cgroup, false);
  }
}

function imageConfig(
  ctx: { readonly images: Pick<ImageStore, 'get'> },
  { definition }: Container,
  { author, comment }: CommitRequest,
  config: ImageRunConfig,
  layer: Digest | undefined,
): ImageConfig {
  const base = definition.imageId ? ctx.images.get(definition.imageId)?.config : undefined;
  const created = new Date().toISOString();
  const { process } = definition.spec;
  const command = [...process.entrypoint, ...process.command].join(' ');
  const { history = [], architecture, os, variant } = base ?? hostPlatformConfig();
  return {
    created,
    ...(author ? { author } : {}),
    architecture,
    os,
    ...(variant ? { variant } : {}),
    config,
    rootfs: { type: 'layers', diff_ids: [...definition.layers, ...(layer ? [layer] : [])] },
    history: [
      ...history,
      {
        created,
        ...(author ? { author } : {}),
        created_by: command,
        ...(comment ? { comment } : {}),
        ...(layer ? {} : { empty_layer: true }),
      },
    ],
  };
}

const hostPlatformConfig = (): Pick<ImageConfig, 'history' | 'architecture' | 'os' | 'variant'> =>
  hostPlatform();
