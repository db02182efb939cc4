import { renameSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { conflict, invalidParameter } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Files } from '../../host/files.ts';
import type { Processes } from '../../host/process.ts';
import { decompress } from '../../image/compression.ts';
import { isMounted } from '../../volume/driver-options.ts';
import { ANONYMOUS_LABEL, type Volume, type VolumeStore } from '../../volume/volumes.ts';
import { type EnterContext, enterVolumes } from './manage.ts';
import type { MountedVolumes } from './mounted.ts';

interface UseContext {
  readonly mounted: Pick<MountedVolumes, 'release' | 'use' | 'usersOf'>;
}

interface RemoveTreeContext {
  readonly host: { readonly files: Pick<Files, 'removeTree'> };
}

interface ExportContext extends UseContext {
  readonly host: { readonly files: Pick<Files, 'packTar'> };
  readonly volumes: Pick<VolumeStore, 'get'>;
}

interface ImportContext extends UseContext, EnterContext {
  readonly host: {
    readonly files: Pick<Files, 'removeTree' | 'unpackTar'>;
    readonly processes: Pick<Processes, 'run'>;
  };
  readonly volumes: Pick<VolumeStore, 'discard' | 'draft' | 'enter' | 'find' | 'get' | 'temporary'>;
}

/** Keeps a volume mounted, and from being removed, while `use` runs. */
async function held<T>(ctx: UseContext, volume: Volume, why: string, use: () => Promise<T>): Promise<T> {
  const user = `${why} ${newId().slice(0, 12)}`;
  await ctx.mounted.use(volume, user);
  try {
    return await use();
  } finally {
    await ctx.mounted.release(volume, user);
  }
}

/**
 * Gives a volume's content as a tar, with owners, times, links, holes and extended attributes. What is written to it
 * meanwhile may be in it or not. @throws BargeError not-found.
 */
export async function exportVolume(
  ctx: ExportContext,
  name: string,
  give: (tar: Readable) => Promise<void>,
): Promise<void> {
  const volume = ctx.volumes.get(name);
  await held(ctx, volume, 'export', () =>
    give(ctx.host.files.packTar({ root: volume.mountpoint, ownAttributes: true, sparse: true })),
  );
}

interface ImportOptions {
  /** What the volume has already goes. */
  readonly replace: boolean;
  /** Of a volume that is new. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Fills a volume, which is made if need be, with the content of a tar, compressed or not: with all of it or, after a
 * failure, with nothing. @throws BargeError conflict when it has content already, or a running container has it.
 */
export async function importVolume(
  ctx: ImportContext,
  name: string,
  tar: Readable,
  { replace, labels, signal }: ImportOptions,
): Promise<Volume> {
  if (!name) throw invalidParameter('importing needs the name of a volume');
  const known = ctx.volumes.find(name);
  if (known) await assertFillable(ctx, known, replace);
  const volume = known ?? (await ctx.volumes.draft(name, labels));
  const write = async (root: string) => {
    await ctx.host.files.unpackTar({ root, tar: await decompress(tar), signal });
    await ctx.host.processes.run('sync', ['--file-system', root]);
  };
  try {
    if (isMounted(volume.options)) await held(ctx, volume, 'import', () => fillInPlace(ctx, volume, write));
    else await fillBeside(ctx, volume, replace, write);
  } catch (error) {
    await ctx.volumes.discard([volume]);
    throw error;
  }
  enterVolumes(ctx, [volume], () => {});
  return ctx.volumes.get(name);
}

async function assertFillable(ctx: UseContext, volume: Volume, replace: boolean): Promise<void> {
  const { name, options, mountpoint } = volume;
  assertIdle(ctx, volume);
  if (isMounted(options) && replace) {
    throw invalidParameter(
      `import ${name}: the content of a volume with a device of its own is not replaced: remove it first`,
    );
  }
  const found = replace ? [] : await held(ctx, volume, 'import', () => readdir(mountpoint));
  if (found.length > 0) {
    throw conflict(
      `import ${name}: the volume has content already: give it another name, or have it replaced (--replace)`,
    );
  }
}

function assertIdle(ctx: UseContext, { name }: Volume): void {
  const users = ctx.mounted.usersOf(name);
  if (users.length === 0) return;
  throw conflict(`import ${name}: volume is in use - [${users.join(', ')}]: stop what uses it first`);
}

async function fillInPlace(
  { host }: RemoveTreeContext,
  { mountpoint }: Volume,
  write: (root: string) => Promise<void>,
): Promise<void> {
  try {
    await write(mountpoint);
  } catch (error) {
    for (const entry of await readdir(mountpoint)) {
      await host.files.removeTree(`${mountpoint}/${entry}`);
    }
    throw error;
  }
}

/** Unpacks beside the volume; what is complete takes the place of what was there. */
async function fillBeside(
  ctx: UseContext & RemoveTreeContext & { readonly volumes: Pick<VolumeStore, 'find' | 'temporary'> },
  volume: Volume,
  replace: boolean,
  write: (root: string) => Promise<void>,
): Promise<void> {
  const [fresh, old] = [ctx.volumes.temporary(), ctx.volumes.temporary()];
  await mkdir(fresh, { mode: 0o755 });
  try {
    await write(fresh);
    await mkdir(volume.mountpoint, { recursive: true });
    if (ctx.volumes.find(volume.name)) await assertFillable(ctx, volume, replace);
    /* No turn of the event loop from here on, in which a container could start with the old directory. */
    assertIdle(ctx, volume);
    renameSync(volume.mountpoint, old);
    renameSync(fresh, volume.mountpoint);
  } finally {
    await ctx.host.files.removeTree(fresh);
    await ctx.host.files.removeTree(old);
  }
}

/** Makes a volume that has what another has, labels included. @throws BargeError as `importVolume` does. */
export async function cloneVolume(
  ctx: ExportContext & ImportContext,
  source: string,
  name: string,
  options: Omit<ImportOptions, 'labels'>,
): Promise<Volume> {
  const { [ANONYMOUS_LABEL]: _, ...labels } = ctx.volumes.get(source).labels;
  if (source === name) throw invalidParameter(`a volume cannot be cloned onto itself: ${name}`);
  let clone: Volume | undefined;
  await exportVolume(ctx, source, async (tar) => {
    clone = await importVolume(ctx, name, tar, { ...options, labels });
  });
  return clone ?? ctx.volumes.get(name);
}
