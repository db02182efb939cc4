import { mkdir, readdir } from 'node:fs/promises';
import type { Container } from '../../container/model.ts';
import { HeldMount, packTar, statBelow, unpackTar } from '../../host/fs-tool.ts';
import type { VolumeMount } from '../../volume/mounts.ts';
import type { ContainerContext } from './context.ts';

const S_IFDIR = 0o040000;
const S_IFMT = 0o170000;

/** Fills empty volumes with what the image has at their destinations, as Docker does at a volume's first use. */
export async function copyUpVolumes(
  ctx: Pick<ContainerContext, 'runner' | 'layers'>,
  { definition }: Container,
  mounts: readonly VolumeMount[],
): Promise<void> {
  const candidates: VolumeMount[] = [];
  for (const mount of mounts) {
    if (mount.copyUp && (await readdir(mount.Source)).length === 0) candidates.push(mount);
  }
  if (candidates.length === 0) return;
  const folders = ctx.runner.folders(definition.id);
  await mkdir(folders.rootfs, { recursive: true, mode: 0o711 });
  await using image = await HeldMount.open(folders.rootfs, ctx.layers.overlay(definition.layers));
  for (const mount of candidates) await copyUp(image.path, mount);
}

async function copyUp(root: string, mount: VolumeMount): Promise<void> {
  const path = mount.Destination.slice(1);
  if (!(await isFolder(root, path))) return;
  await unpackTar({ root: mount.Source, tar: packTar({ root, path, ownAttributes: true }) });
}

async function isFolder(root: string, path: string): Promise<boolean> {
  try {
    return ((await statBelow(root, path)).mode & S_IFMT) === S_IFDIR;
  } catch {
    return false; /* the image has nothing there */
  }
}
