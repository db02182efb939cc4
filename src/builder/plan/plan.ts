import type { Platform } from '../../api/oci-image.ts';
import { Turns } from '../../core/turns.ts';
import type { NamedContexts } from '../contexts.ts';
import { type Dockerfile, parseTrigger } from '../parse/dockerfile.ts';
import { DockerfileError } from '../parse/errors.ts';
import type { Instruction } from '../parse/instruction.ts';
import type { Span } from '../parse/source.ts';
import type { BaseImage } from '../worker.ts';
import { applyInstruction } from './apply.ts';
import { scratchBase, stageBase } from './base-image.ts';
import { type PlanContext, type StageBase, StageDraft } from './draft.ts';
import type { CopyOperation, CopyOrigin, Operation, Plan, PlannedImage } from './graph.ts';
import { LAYER_MARK } from './history.ts';
import { mountSources } from './mounts.ts';
import { formatPlatform, hostPlatform, parsePlatform, platformArgs } from './platform.ts';
import { BuildArgs, GlobalScope, StageScope } from './scope.ts';
import { SCRATCH, type StageEntry, StageTable } from './stages.ts';

interface PlanOptions {
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly platform?: string;
  readonly networkMode?: string;
  readonly entitlements?: readonly string[];
  readonly contexts?: NamedContexts;
  /** In a build for several platforms: the one of this plan, and the number of steps of the plans before it. */
  readonly label?: string | undefined;
  readonly before?: number;
}

/** Resolves a base image; called once per reference and platform. No platform means this machine's. */
type ResolveImage = (reference: string, platform: string | undefined) => Promise<BaseImage>;

/**
 * Turns a Dockerfile into a graph of only the target stage and its dependencies. Base images are resolved meanwhile,
 * concurrently, because their configuration affects variables and triggers.
 * @throws DockerfileError at the instruction that is wrong.
 */
export async function planDockerfile(
  dockerfile: Dockerfile,
  options: PlanOptions,
  resolve: ResolveImage,
): Promise<Plan> {
  const globals = await declareGlobals(dockerfile, options);
  return await new Planner(dockerfile, options, resolve, globals).plan();
}

interface Globals {
  readonly scope: GlobalScope;
  readonly buildArgs: BuildArgs;
  readonly platform: Platform;
}

/** The variables before the first FROM. */
async function declareGlobals(dockerfile: Dockerfile, options: PlanOptions): Promise<Globals> {
  const buildArgs = new BuildArgs(options.buildArgs ?? {});
  const host = hostPlatform();
  const platform = options.platform ? parsePlatform(options.platform) : host;
  const targetName = options.target || (dockerfile.stages.at(-1)?.from.name ?? '');
  const builtIn = platformArgs(host, platform, targetName);
  for (const name of Object.keys(builtIn)) builtIn[name] = buildArgs.take(name) ?? builtIn[name] ?? '';
  const scope = new GlobalScope(builtIn, dockerfile.directives.escape);
  const turns = new Turns();
  for (const arg of dockerfile.globalArgs) {
    await turns.share();
    try {
      scope.declare(arg, buildArgs);
    } catch (error) {
      throw DockerfileError.at(dockerfile.source, arg.span, error);
    }
  }
  return { scope, buildArgs, platform };
}

/** FROM a directory: all of its files on an empty root. */
function wholeContext(base: Operation, name: string): CopyOperation {
  return {
    kind: 'copy',
    verb: 'COPY',
    base,
    from: { kind: 'context', name },
    sources: ['.'],
    documents: [],
    downloads: [],
    repositories: [],
    destination: '/',
    link: true,
    parents: false,
    exclude: [],
    unpack: false,
    unpackDownloads: false,
  };
}

class Planner implements PlanContext {
  readonly source: Dockerfile['source'];
  readonly globals: GlobalScope;
  readonly buildArgs: BuildArgs;
  readonly network: string;
  readonly entitlements: readonly string[];
  readonly platformLabel: string | undefined;
  readonly #dockerfile: Dockerfile;
  readonly #options: PlanOptions;
  readonly #resolve: ResolveImage;
  readonly #platform: Platform;
  readonly #stages: StageTable;
  readonly #target: StageEntry;
  readonly #drafts = new Map<StageEntry, Promise<StageDraft>>();
  readonly #images = new Map<string, Promise<StageBase>>();
  readonly #used: PlannedImage[] = [];
  readonly #turns = new Turns();

  constructor(dockerfile: Dockerfile, options: PlanOptions, resolve: ResolveImage, globals: Globals) {
    this.source = dockerfile.source;
    this.#dockerfile = dockerfile;
    this.#options = options;
    this.#resolve = resolve;
    this.entitlements = options.entitlements ?? [];
    this.platformLabel = options.label;
    this.network = options.networkMode || 'default';
    this.buildArgs = globals.buildArgs;
    this.globals = globals.scope;
    this.#platform = globals.platform;
    this.#stages = new StageTable(dockerfile, this.globals);
    this.#target = this.#stages.target(options.target);
  }

  async plan(): Promise<Plan> {
    for (const entry of this.#needed()) this.#prefetch(entry);
    const target = await this.#draft(this.#target);
    const drafts = await Promise.all(this.#drafts.values());
    drafts.sort((a, b) => a.entry.index - b.entry.index);
    const steps = drafts.flatMap((draft) => draft.steps);
    for (const [index, step] of steps.entries()) step.number = (this.#options.before ?? 0) + index + 1;
    const { run } = target.image;
    const labels = this.#options.labels ?? {};
    const labelled = Object.keys(labels).length > 0 ? { ...run, Labels: { ...run.Labels, ...labels } } : run;
    return {
      steps,
      images: this.#used,
      target: {
        operation: target.operation,
        image: { ...target.image, run: labelled },
        history: target.history,
      },
      warnings: this.#warnings(),
    };
  }

  async originOf(reference: string, stage: StageEntry, span: Span): Promise<CopyOrigin> {
    const named = this.#options.contexts?.get(reference.toLowerCase());
    if (named?.kind === 'directory') return { kind: 'context', name: reference.toLowerCase() };
    const source = named ? undefined : this.#stages.source(reference, stage, span);
    if (source) return { kind: 'operation', operation: (await this.#draft(source)).operation };
    const base = await this.#image(reference, undefined, span);
    return { kind: 'operation', operation: base.operation };
  }

  #draft(entry: StageEntry): Promise<StageDraft> {
    const known = this.#drafts.get(entry);
    if (known) return known;
    const draft = this.#planStage(entry);
    this.#drafts.set(entry, draft);
    return draft;
  }

  async #planStage(entry: StageEntry): Promise<StageDraft> {
    const { from, instructions } = entry.stage;
    const named = this.#options.contexts?.get(entry.image.toLowerCase());
    const parent = entry.parent && !named ? await this.#draft(entry.parent) : undefined;
    const image = named?.kind === 'directory' ? SCRATCH : entry.image;
    const base = parent ?? (await this.#image(image, entry.platform, from.span));
    const env = base.image.run.Env ?? [];
    const scope = parent?.scope.child() ?? new StageScope(env, [], this.#dockerfile.directives.escape);
    const draft = new StageDraft(this, entry, scope, base);
    const triggers = base.image.run.OnBuild ?? [];
    if (triggers.length > 0) draft.configure({ OnBuild: null });
    draft.begin(from);
    if (named?.kind === 'directory') {
      draft.operation = wholeContext(draft.operation, entry.image.toLowerCase());
      draft.commit({ span: from.span, text: `COPY --from=${entry.image} . /` }, `COPY . /${LAYER_MARK}`);
    }
    const triggered = triggers.map((trigger) => parseTrigger(trigger, this.source, from.span));
    for (const instruction of [...triggered, ...instructions]) {
      await this.#turns.share();
      await this.#apply(draft, instruction);
    }
    return draft;
  }

  async #apply(draft: StageDraft, instruction: Instruction): Promise<void> {
    try {
      await applyInstruction(draft, instruction);
    } catch (error) {
      throw DockerfileError.at(this.source, instruction.span, error);
    }
  }

  #image(reference: string, platform: string | undefined, span: Span): Promise<StageBase> {
    const named = this.#options.contexts?.get(reference.toLowerCase());
    if (named?.kind === 'image') return this.#reference(named.reference, platform, span);
    return this.#reference(reference, platform, span);
  }

  #reference(reference: string, platform: string | undefined, span: Span): Promise<StageBase> {
    const text = platform ?? this.#options.platform;
    const wanted = text ? this.#located(span, () => parsePlatform(text)) : undefined;
    if (reference === SCRATCH) return Promise.resolve(scratchBase(wanted ?? this.#platform));
    const formatted = wanted && formatPlatform(wanted);
    const key = `${reference} ${formatted ?? ''}`;
    const known = this.#images.get(key);
    if (known) return known;
    const base = this.#resolve(reference, formatted).then(
      (image) => {
        const { id, digest } = image;
        const platform = formatPlatform(image.config);
        this.#used.push({ reference, platform, id, ...(digest ? { digest } : {}) });
        return stageBase(image);
      },
      (error: unknown) => {
        throw DockerfileError.at(this.source, span, error);
      },
    );
    this.#images.set(key, base);
    return base;
  }

  /** Starts to resolve the stage's base image; a failure is reported when the image is needed. */
  #prefetch(entry: StageEntry): void {
    if (this.#options.contexts?.get(entry.image.toLowerCase())?.kind === 'directory') return;
    if (!entry.parent) this.#image(entry.image, entry.platform, entry.stage.from.span).catch(() => undefined);
  }

  /** The stages that the target needs according to the text; triggers may need more. */
  #needed(): Set<StageEntry> {
    const needed = new Set<StageEntry>();
    const visit = (entry: StageEntry): void => {
      if (needed.has(entry)) return;
      needed.add(entry);
      if (entry.parent) visit(entry.parent);
      for (const instruction of entry.stage.instructions) {
        for (const reference of referencesOf(instruction)) {
          if (this.#options.contexts?.has(reference.toLowerCase())) continue;
          const source = this.#stages.source(reference, entry, instruction.span);
          if (source) visit(source);
        }
      }
    };
    visit(this.#target);
    return needed;
  }

  #warnings(): string[] {
    const unused = this.buildArgs.unused();
    const lines = this.#dockerfile.warnings.map((warning) => `${warning.message} (line ${warning.line})`);
    return unused.length === 0
      ? lines
      : [...lines, `One or more build-args [${unused.join(' ')}] were not consumed`];
  }

  #located<T>(span: Span, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw DockerfileError.at(this.source, span, error);
    }
  }
}

function referencesOf(instruction: Instruction): string[] {
  if (instruction.verb === 'RUN') return mountSources(instruction);
  const isCopy = instruction.verb === 'COPY' || instruction.verb === 'ADD';
  return isCopy && instruction.from !== undefined ? [instruction.from] : [];
}
