import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import type { ImageConfig } from '../../api/oci-image.ts';
import { type Digest, digestOf } from '../../core/digest.ts';
import { notFound } from '../../core/errors.ts';
import type {
  BaseImage,
  BuildWorker,
  ExecRequest,
  ExecResult,
  LayerPart,
  Layers,
  ResolveOptions,
} from '../worker.ts';

interface FakeFile {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly text: string;
}

type Layer = ReadonlyMap<string, FakeFile>;

/** The result of a fake process: its exit code, and the files that it writes. */
interface FakeRun {
  readonly exitCode?: number;
  readonly files?: Readonly<Record<string, string>>;
}

/** A worker whose layers are maps in memory and whose processes are functions. */
export class FakeWorker implements BuildWorker {
  readonly images = new Map<string, BaseImage>();
  readonly configs = new Map<Digest, ImageConfig>();
  readonly tags = new Map<string, Digest>();
  readonly execs: ExecRequest[] = [];
  readonly resolved: { reference: string; platform?: string; pull: boolean }[] = [];
  applied = 0;
  /** Replaced by tests to define what a process does. */
  run: (request: ExecRequest) => FakeRun | Promise<FakeRun> = () => ({});
  readonly #layers = new Map<Digest, Layer>();

  /** Adds a base image with these files. */
  addImage(
    reference: string,
    files: Readonly<Record<string, string>>,
    config: Partial<ImageConfig> = {},
  ): void {
    const entries = Object.entries(files).map(([path, text]) => [path, plainFile(text)] as const);
    const layer = this.#store(new Map(entries));
    const id = digestOf(`image ${reference} ${layer}`);
    this.images.set(reference, {
      id,
      layers: [layer],
      config: {
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: [layer] },
        history: [{ created_by: 'base' }],
        ...config,
      },
    });
  }

  /** The files of a root file system, upper layers over lower ones. */
  files(layers: Layers): Map<string, FakeFile> {
    return new Map(layers.flatMap((layer) => [...(this.#layers.get(layer) ?? [])]));
  }

  /** Path to content, of files only, of a built image. */
  contents(id: Digest): Record<string, string> {
    const files = this.files(this.configs.get(id)?.rootfs.diff_ids ?? []);
    const plain = [...files].filter(([, file]) => file.type === 'file');
    return Object.fromEntries(plain.map(([path, file]) => [path, file.text]));
  }

  async resolveImage(reference: string, options: ResolveOptions): Promise<BaseImage> {
    const { pull, platform } = options;
    this.resolved.push({ reference, pull, ...(platform === undefined ? {} : { platform }) });
    const image = this.images.get(reference);
    if (!image) throw notFound(`pull access denied for ${reference}, repository does not exist`);
    return image;
  }

  knownVariables(reference: string): string[] | undefined {
    const image = this.images.get(reference);
    return image && (image.config.config?.Env ?? []).map((entry) => entry.split('=')[0] ?? '');
  }

  async exec(request: ExecRequest): Promise<ExecResult> {
    this.execs.push(request);
    const { exitCode = 0, files = {} } = await this.run(request);
    const entries = Object.entries(files).map(([path, text]) => [path, plainFile(text)] as const);
    if (exitCode !== 0 || entries.length === 0) return { exitCode };
    return { exitCode, layer: this.#store(new Map(entries)) };
  }

  async apply(
    _layers: Layers,
    parts: readonly LayerPart[],
    signal: AbortSignal,
  ): Promise<Digest | undefined> {
    this.applied++;
    const files = new Map<string, FakeFile>();
    for (const { open, archive } of parts) {
      const parser = extract();
      const tar = open();
      const inside = (name: string) => posix.join(archive?.into ?? '/', posix.resolve('/', name)).slice(1);
      // streamx streams work with Node's pipe, although their types do not declare it.
      tar.on('error', (error) => parser.destroy(error));
      tar.pipe(parser as unknown as NodeJS.WritableStream);
      for await (const entry of parser) {
        signal.throwIfAborted();
        const { header } = entry;
        const linkname = header.type === 'link' && archive ? inside(header.linkname) : header.linkname;
        const file = await fakeFile({ ...header, linkname }, Readable.from(entry));
        const name = inside(entry.header.name).replace(/\/$/, '');
        if (!archive) files.set(name, file);
        else if (name !== posix.join(archive.into, '/').slice(1, -1))
          files.set(name, { ...file, ...archive.owner });
      }
    }
    return files.size === 0 ? undefined : this.#store(files);
  }

  async withRootfs<T>(layers: Layers, use: (path: string) => Promise<T>): Promise<T> {
    const root = await mkdtemp(join(tmpdir(), 'barge-fake-rootfs-'));
    try {
      for (const [path, file] of this.files(layers)) await materialize(join(root, path), file);
      return await use(root);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }

  async attributes(): Promise<ReadonlyMap<number, Uint8Array>> {
    return new Map();
  }

  async findOwner(layers: Layers, user: string, group: string): ReturnType<BuildWorker['findOwner']> {
    const rows = (path: string) =>
      (this.files(layers).get(path)?.text ?? '').split('\n').map((line) => line.split(':'));
    const digits = /^\d+$/;
    const account = rows('etc/passwd').find((row) => row[digits.test(user) ? 2 : 0] === user);
    if (!account && !digits.test(user)) return 'unknown-user';
    const named = rows('etc/group').find(([name]) => name === group);
    if (group !== '' && !digits.test(group) && !named) return 'unknown-group';
    const gid = named?.[2] ?? (group || (account?.[3] ?? '0'));
    return { uid: Number(account?.[2] ?? user), gid: Number(gid) };
  }

  async commit(config: ImageConfig): Promise<Digest> {
    const id = digestOf(JSON.stringify(config));
    this.configs.set(id, config);
    return id;
  }

  async clampTimes(layer: Digest): Promise<Digest> {
    return layer;
  }

  async publish(): Promise<undefined> {
    return undefined;
  }

  async tag(id: Digest, reference: string): Promise<void> {
    this.tags.set(reference, id);
  }

  #store(files: Layer): Digest {
    const id = digestOf(JSON.stringify([...files]));
    this.#layers.set(id, files);
    return id;
  }
}

const plainFile = (text: string): FakeFile => ({ type: 'file', mode: 0o644, uid: 0, gid: 0, text });

async function fakeFile(header: Header, content: Readable): Promise<FakeFile> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const { type, mode, uid, gid } = header;
  const text = type === 'symlink' || type === 'link' ? header.linkname : Buffer.concat(chunks).toString();
  return { type, mode: mode & 0o7777, uid, gid, text };
}

async function materialize(path: string, file: FakeFile): Promise<void> {
  if (file.type === 'directory') {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  if (file.type === 'symlink') return await symlink(file.text, path);
  await writeFile(path, file.text);
  await chmod(path, file.mode);
}
