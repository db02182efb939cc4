import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthConfig } from '../../api/engine/system.ts';
import type { Descriptor, ImageConfig } from '../../api/oci-image.ts';
import type {
  BaseImage,
  BuildWorker,
  BuiltImage,
  ExecRequest,
  ExecResult,
  LayerPart,
  Layers,
  PublishOptions,
  ResolveOptions,
} from '../../builder/worker.ts';
import { StartFailure } from '../../container/failure.ts';
import { FrameReader } from '../../container/frames.ts';
import { parseNetworkMode } from '../../container/network-mode.ts';
import { cdiRequest, type DeviceEdits, deviceEdits } from '../../container/oci/cdi.ts';
import { readUserResponse, unknownName, userQuestion } from '../../container/oci/user.ts';
import type { Runner } from '../../container/runner.ts';
import type { EtcFiles } from '../../container/start-files.ts';
import type { Digest } from '../../core/digest.ts';
import { cancelled, messageOf } from '../../core/errors.ts';
import { newId, shortId } from '../../core/ids.ts';
import { parseReference, withDefaultTag } from '../../core/reference.ts';
import { SIGKILL } from '../../core/signals.ts';
import type { Files, OverlayMount } from '../../host/files.ts';
import type { Networks } from '../../network/networks.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';
import type { ImageContext } from '../images/context.ts';
import { emitImage } from '../images/emit.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { assertMountTargets } from '../lifecycle/mount-targets.ts';
import { pidOf } from '../lifecycle/namespaces.ts';
import { ownerOf } from '../networking/etc-files.ts';
import type { EngineSettings } from '../settings.ts';
import { localBase, resolveBase } from './base-images.ts';
import type { CacheDirectories } from './cache-directories.ts';
import { assertRuns } from './emulation.ts';
import { removeMountPoints } from './mount-points.ts';
import { buildMounts, type StepMounts } from './mounts.ts';
import { publishImages } from './publish.ts';
import { etcOf, stepDefinition } from './step-definition.ts';
import { StepSandboxes } from './step-sandboxes.ts';

interface WorkerContext extends ImageContext, ContainerContext {
  readonly runner: Runner;
  readonly networks: Networks;
  readonly dataRoot: string;
  readonly settings: EngineSettings;
}

/** A step's resources other than its root file system. */
interface StepParts {
  readonly mounts: StepMounts;
  readonly sandbox: Sandbox | undefined;
  /** The container whose network namespace and files in /etc it shares. */
  readonly joined: JoinedContainer | undefined;
  readonly edits: DeviceEdits | undefined;
}

interface JoinedContainer {
  readonly networkNamespace: string;
  readonly etc: EtcFiles;
}

/** A step's location; `gone` is called when nothing runs there any more. */
interface StepPlace {
  readonly id: string;
  readonly upper: string;
  readonly scratch: string;
  readonly gone: () => void;
}

interface StartedStep {
  readonly exitCode: number;
  /** Resolves when the mounts and the shim have ended, too. */
  readonly gone: Promise<unknown>;
}

/** Directories of build steps in the exec root: in memory, because they contain secrets. */
const STEP_PREFIX = 'step-';

/** Executes build steps like containers, with the same shim, runtime and overlays. */
export class EngineWorker implements BuildWorker {
  readonly #ctx: WorkerContext;
  /** Credentials by registry, as the client sent them with the build. */
  readonly #auth: Readonly<Record<string, AuthConfig>>;
  /** Layers of this build, protected from garbage collection until an image or the cache refers to them. */
  readonly #leases: Disposable[] = [];

  readonly #caches: CacheDirectories;
  readonly #sandboxes: StepSandboxes;
  /** Clean-up of finished steps. */
  readonly #chores: Promise<unknown>[] = [];

  readonly #finish: (config: ImageConfig) => ImageConfig;

  /** @param finish makes the final change to configurations. */
  constructor(
    ctx: WorkerContext,
    auth: Readonly<Record<string, AuthConfig>>,
    caches: CacheDirectories,
    finish: (config: ImageConfig) => ImageConfig,
  ) {
    this.#finish = finish;
    this.#ctx = ctx;
    this.#sandboxes = new StepSandboxes(ctx.networks);
    this.#auth = auth;
    this.#caches = caches;
  }

  #keep(layers: Layers): void {
    this.#leases.push(this.#ctx.layers.lease(layers));
  }

  /** Releases everything; no leftovers of a step remain. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#chores, this.#sandboxes.release()]);
    for (const lease of this.#leases) lease[Symbol.dispose]();
  }

  async resolveImage(reference: string, options: ResolveOptions): Promise<BaseImage> {
    const image = await resolveBase(this.#ctx, this.#auth, reference, options);
    this.#keep(image.layers);
    return image;
  }

  knownVariables(reference: string): string[] | undefined {
    const image = localBase(this.#ctx, reference, undefined);
    return image && (image.config.config?.Env ?? []).map((entry) => entry.split('=')[0] ?? '');
  }

  async exec(step: ExecRequest): Promise<ExecResult> {
    const { runner } = this.#ctx;
    step.signal.throwIfAborted();
    assertRuns(step.architecture);
    const id = newId();
    await runner.prepare(id);
    const { data, exec, upper } = runner.directories(id);
    const scratch = join(runner.roots.execRoot, `${STEP_PREFIX}${shortId(id)}`);
    const gone = Promise.withResolvers<void>();
    try {
      return await this.#execIn({ id, upper, scratch, gone: gone.resolve }, step);
    } catch (error) {
      if (!(error instanceof StartFailure)) throw error;
      gone.resolve();
      step.output('stderr', Buffer.from(`${error.message}\n`));
      return { exitCode: error.exitCode };
    } finally {
      /* The next step does not wait for this one's clean-up. */
      const remove = (directory: string) => this.#ctx.host.files.removeTree(directory);
      const removed = gone.promise.then(() => Promise.all([data, exec, scratch].map(remove)));
      this.#chores.push(removed.catch((error) => this.#warn(error)));
    }
  }

  /** On failure, the next start of the daemon removes it. */
  #warn(error: unknown): void {
    this.#ctx.warn('could not remove the leftovers of a build step', { error: messageOf(error) });
  }

  async #execIn({ id, upper, scratch, gone }: StepPlace, step: ExecRequest): Promise<ExecResult> {
    let started: StartedStep | undefined;
    try {
      await using held = new AsyncDisposableStack();
      const { lower, layersDirectory } = this.#ctx.layers.rootfs(step.layers);
      const below = lower.map((name) => join(layersDirectory, name));
      const mounts = await this.#mounts(step, scratch, held);
      assertMountTargets({ upper, lower: below }, mounts.mounts);
      const joined = joinedContainer(this.#ctx, step.network);
      const sandbox = joined ? undefined : await this.#sandboxes.connect(step);
      if (sandbox) held.defer(() => this.#sandboxes.disconnect(step, sandbox));
      const edits = await this.#devices(step);
      started = await this.#run(id, step, { mounts, sandbox, joined, edits });
      if (started.exitCode !== 0 || (await readdir(upper)).length === 0)
        return { exitCode: started.exitCode };
      const targets = mounts.mounts.map((mount) => mount.Destination);
      await started.gone;
      removeMountPoints(upper, below, targets);
      const layer = await this.#addUpper(upper);
      return { exitCode: 0, ...(layer ? { layer } : {}) };
    } finally {
      void (started?.gone ?? Promise.resolve()).then(gone, gone);
    }
  }

  #mounts(step: ExecRequest, scratch: string, held: AsyncDisposableStack): Promise<StepMounts> {
    const context = {
      layers: this.#ctx.layers,
      caches: this.#caches,
      scratch,
      signal: step.signal,
      withRootfs: <T>(layers: Layers, use: (path: string) => Promise<T>) => this.withRootfs(layers, use),
    };
    return buildMounts(context, step.mounts ?? [], held);
  }

  /** The additions for the step's devices; a missing optional device is only reported. */
  async #devices(step: ExecRequest): Promise<DeviceEdits | undefined> {
    const directories = this.#ctx.settings.defaults.cdiDirectories;
    const found: string[] = [];
    for (const { name, required } of step.devices ?? []) {
      try {
        await deviceEdits([cdiRequest([name])], directories);
        found.push(name);
      } catch (error) {
        if (required) throw error;
        step.output('stderr', Buffer.from(`without ${name}: ${messageOf(error)}\n`));
      }
    }
    return found.length === 0 ? undefined : await deviceEdits([cdiRequest(found)], directories);
  }

  /** Runs the step's process until it exits. */
  async #run(id: string, step: ExecRequest, parts: StepParts): Promise<StartedStep> {
    const { runner, layers } = this.#ctx;
    const { mounts, sandbox, joined, edits } = parts;
    const networkNamespace = joined?.networkNamespace ?? sandbox?.path;
    const started = await runner.start({
      definition: stepDefinition(
        id,
        step,
        mounts,
        this.#ctx.settings.defaults,
        this.#ctx.host.cgroups.layout,
      ),
      rootfs: layers.rootfs(step.layers),
      overlays: mounts.overlays,
      ...(networkNamespace ? { networkNamespace } : {}),
      ...(edits ? { edits } : {}),
      privateNetwork: step.network !== 'host' && !joined,
      etc: joined?.etc ?? etcOf(id, step, sandbox),
      sharedNamespaces: {},
      attach: [{ stdin: false, stdout: true, stderr: true, raw: false }],
    });
    const stop = () => started.link.kill(SIGKILL);
    step.signal.addEventListener('abort', stop, { once: true });
    if (step.signal.aborted) stop();
    const frames = new FrameReader((stream, chunk) => step.output(stream, chunk));
    const output = started.attached[0];
    output?.on('data', (chunk: Buffer) => frames.push(chunk)).on('error', () => {});
    const drained = new Promise<void>((resolve) => output?.once('close', resolve) ?? resolve());
    const { code } = await started.link.exit;
    await drained;
    step.signal.removeEventListener('abort', stop);
    if (step.signal.aborted) {
      await started.link.gone;
      throw cancelled('the build was cancelled');
    }
    return { exitCode: code, gone: started.link.gone };
  }

  async #addUpper(upper: string): Promise<Digest | undefined> {
    if ((await readdir(upper)).length === 0) return undefined;
    const { diffId } = await this.#ctx.layers.addUpper(upper);
    this.#keep([diffId]);
    return diffId;
  }

  async #withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
    const parent = join(this.#ctx.dataRoot, 'tmp');
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const directory = await mkdtemp(join(parent, 'build-'));
    try {
      return await use(directory);
    } finally {
      await this.#ctx.host.files.removeTree(directory);
    }
  }

  async apply(layers: Layers, parts: readonly LayerPart[], signal: AbortSignal): Promise<Digest | undefined> {
    return await this.#withDirectory(async (directory) => {
      const [root, upper, work] = ['root', 'upper', 'work'].map((name) => join(directory, name)) as [
        string,
        string,
        string,
      ];
      for (const path of [root, upper, work]) await mkdir(path, { mode: 0o755 });
      const overlay = { ...this.#ctx.layers.overlay(layers), upper, work };
      for (const part of parts) await unpackPart(this.#ctx.host.files, part, root, overlay, signal);
      return await this.#addUpper(upper);
    });
  }

  async attributes(root: string, paths: readonly string[]): Promise<ReadonlyMap<number, Uint8Array>> {
    return await this.#ctx.host.files.attributesBelow(root, paths);
  }

  async withRootfs<T>(layers: Layers, use: (path: string) => Promise<T>): Promise<T> {
    return await this.#withDirectory(async (directory) => {
      await using mounted = await this.#ctx.host.files.holdMount(directory, this.#ctx.layers.overlay(layers));
      return await use(mounted.path);
    });
  }

  async findOwner(layers: Layers, user: string, group: string): ReturnType<BuildWorker['findOwner']> {
    const request = { user: group ? `${user}:${group}` : user, groupAdd: [] };
    const overlay = this.#ctx.layers.overlay(layers);
    return await this.#withDirectory(async (directory) => {
      const response = await this.#ctx.host.files.userBelow(directory, userQuestion(request), overlay);
      return unknownName(response) ?? readUserResponse(response, request);
    });
  }

  async commit(config: ImageConfig): Promise<Digest> {
    return this.#ctx.images.add(Buffer.from(JSON.stringify(this.#finish(config)))).id;
  }

  async clampTimes(layer: Digest, latest: Date, signal: AbortSignal): Promise<Digest> {
    const { layers } = this.#ctx;
    const seconds = Math.floor(latest.getTime() / 1000);
    const { diffId } = await layers.addClamped(layers.need(layer), seconds, signal);
    this.#keep([diffId]);
    return diffId;
  }

  async publish(images: readonly BuiltImage[], options: PublishOptions): Promise<Descriptor | undefined> {
    return await publishImages(this.#ctx, images, options);
  }

  async tag(id: Digest, reference: string, target?: Digest): Promise<void> {
    this.#ctx.images.tag(withDefaultTag(parseReference(reference)), id, target);
    emitImage(this.#ctx, this.#ctx.images.need(id), 'tag', reference);
  }
}

/** @throws BargeError not-found or system unless the container of `container:NAME` exists and is running. */
function joinedContainer(ctx: ContainerContext, network: string | undefined): JoinedContainer | undefined {
  const mode = parseNetworkMode(network ?? '');
  if (mode.kind !== 'container') return undefined;
  const networkNamespace = `/proc/${pidOf(ctx, mode.container, 'network')}/ns/net`;
  return { networkNamespace, etc: { from: ownerOf(ctx, mode.container) } };
}

async function unpackPart(
  files: Pick<Files, 'unpackTar'>,
  { open, archive }: LayerPart,
  root: string,
  overlay: OverlayMount,
  signal: AbortSignal,
): Promise<void> {
  const tar = open();
  try {
    if (!archive) return await files.unpackTar({ root, tar, overlay, rules: 'copy', signal });
    const { into: path, owner } = archive;
    await files.unpackTar({
      root,
      tar,
      overlay,
      path,
      rules: 'archive',
      ...(owner ? { owner } : {}),
      signal,
    });
  } finally {
    tar.destroy();
  }
}
