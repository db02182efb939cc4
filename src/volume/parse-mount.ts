import { posix } from 'node:path';
import type { MountRequest } from '../api/engine/volumes.ts';
import { invalidParameter, messageOf } from '../core/errors.ts';
import { assertLocalDriver, assertNoZeroByte, destinationOf, PROPAGATIONS } from './destination.ts';
import type {
  BindMountOptions,
  ImageMountOptions,
  MountOptions,
  Recursion,
  TmpfsMountOptions,
  VolumeMountOptions,
} from './mount-options.ts';
import { optionsOfRequest } from './tmpfs.ts';

/** Checks an entry of `HostConfig.Mounts`. @throws BargeError invalid-parameter in docker's words. */
export function parseMountRequest(request: MountRequest): MountOptions {
  try {
    if (!request.Target) throw invalidParameter('field Target must not be empty');
    if (!Object.hasOwn(READERS, request.Type)) throw invalidParameter('mount type unknown');
    return READERS[request.Type as keyof typeof READERS](request);
  } catch (cause) {
    /* Docker responds with 404 to a missing driver, which makes its client pull the image that is already there. */
    const message = `invalid mount config for type "${request.Type}": ${messageOf(cause)}`;
    throw invalidParameter(message, { cause });
  }
}

const READERS = { bind, volume, tmpfs, image };

/** Options of another mount type are rejected. */
function refuse(request: MountRequest, ...fields: (keyof MountRequest)[]): void {
  const extra = fields.find((field) => request[field]);
  if (extra) throw invalidParameter(`field ${extra} must not be specified`);
}

function need(source: string | undefined): string {
  if (!source) throw invalidParameter('field Source must not be empty');
  return source;
}

function bind(request: MountRequest): BindMountOptions {
  const source = need(request.Source);
  refuse(request, 'VolumeOptions', 'TmpfsOptions', 'ImageOptions');
  const { Propagation: propagation = '', CreateMountpoint: makeSource = false } = request.BindOptions ?? {};
  if (propagation && !PROPAGATIONS.includes(propagation)) {
    throw invalidParameter(`invalid propagation mode: ${propagation}`);
  }
  assertNoZeroByte(source);
  if (!source.startsWith('/')) {
    throw invalidParameter(`invalid mount path: '${source}' mount path must be absolute`);
  }
  const recursion = recursionOf(request);
  return {
    kind: 'bind',
    source: posix.normalize(source),
    destination: destinationOf(request.Target),
    mode: '',
    readOnly: Boolean(request.ReadOnly),
    propagation: propagation || 'rprivate',
    ...(recursion ? { recursion } : {}),
    makeSource,
  };
}

function recursionOf({ BindOptions: options = {}, ReadOnly }: MountRequest): Recursion | undefined {
  const { NonRecursive, ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation } = options;
  const force = 'ReadOnlyForceRecursive';
  if (ReadOnlyForceRecursive) {
    if (NonRecursive || ReadOnlyNonRecursive) {
      const other = NonRecursive ? 'NonRecursive' : 'ReadOnlyNonRecursive';
      throw invalidParameter(`mount options conflict: ${other} && BindOptions.${force}`);
    }
    if (!ReadOnly) throw invalidParameter(`mount options conflict: !ReadOnly && BindOptions.${force}`);
    if (Propagation && Propagation !== 'rprivate') {
      throw invalidParameter(
        `mount options conflict: ${force} is supported only when propagation is "rprivate", got "${Propagation}"`,
      );
    }
    return 'readonly';
  }
  if (NonRecursive) return 'disabled';
  return ReadOnlyNonRecursive ? 'writable' : undefined;
}

/** @throws BargeError unless the path stays below its base. Symbolic links are resolved only when it is mounted. */
function subpathOf(subpath: string): string {
  const clean = posix.normalize(subpath);
  if (subpath.startsWith('/') || clean === '..' || clean.startsWith('../') || subpath.includes('\0')) {
    throw invalidParameter('subpath must be a relative path within the volume');
  }
  return clean;
}

function volume(request: MountRequest): VolumeMountOptions {
  refuse(request, 'BindOptions', 'TmpfsOptions', 'ImageOptions');
  const { NoCopy, Labels, DriverConfig: driver, Subpath: subpath = '' } = request.VolumeOptions ?? {};
  const name = request.Source ?? '';
  if (subpath && !name) throw invalidParameter('must not set Subpath when using anonymous volumes');
  if (request.ReadOnly && !name) {
    throw invalidParameter('must not set ReadOnly mode when using anonymous volumes');
  }
  assertLocalDriver(driver?.Name);
  return {
    kind: 'volume',
    name,
    destination: destinationOf(request.Target),
    mode: 'z',
    readOnly: Boolean(request.ReadOnly),
    noCopy: Boolean(NoCopy),
    ...(Labels ? { labels: Labels } : {}),
    ...(driver?.Options ? { options: driver.Options } : {}),
    ...(subpath ? { subpath: subpathOf(subpath) } : {}),
  };
}

function tmpfs(request: MountRequest): TmpfsMountOptions {
  refuse(request, 'BindOptions', 'VolumeOptions', 'ImageOptions', 'Source');
  const options = optionsOfRequest(request);
  return { kind: 'tmpfs', destination: destinationOf(request.Target), mode: '', options };
}

function image(request: MountRequest): ImageMountOptions {
  refuse(request, 'BindOptions', 'VolumeOptions', 'TmpfsOptions');
  const name = need(request.Source);
  const { Subpath: subpath = '' } = request.ImageOptions ?? {};
  return {
    kind: 'image',
    image: name,
    destination: destinationOf(request.Target),
    mode: '',
    ...(subpath ? { subpath: subpathOf(subpath) } : {}),
  };
}
