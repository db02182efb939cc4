import type { ImageHistory, ImageRunConfig } from '../../api/oci-image.ts';
import type { Origin } from '../parse/instruction.ts';
import type { SourceFile, Span } from '../parse/source.ts';
import type { CopyOrigin, ImageState, Operation, Step } from './graph.ts';
import type { BuildArgs, GlobalScope, StageScope } from './scope.ts';
import type { StageEntry } from './stages.ts';

/** The context that all stages of a plan share. */
export interface PlanContext {
  readonly source: SourceFile;
  readonly globals: GlobalScope;
  readonly buildArgs: BuildArgs;
  readonly network: string;
  readonly entitlements: readonly string[];
  /** See `Step.platform`. */
  readonly platformLabel: string | undefined;
  /** The files of another stage, or of an image, that `stage` names in `--from`. */
  originOf(reference: string, stage: StageEntry, span: Span): Promise<CopyOrigin>;
}

/** A stage under construction. */
export class StageDraft {
  readonly context: PlanContext;
  readonly entry: StageEntry;
  readonly scope: StageScope;
  readonly steps: Numbered[] = [];
  readonly history: (ImageHistory | Step)[];
  operation: Operation;
  image: ImageState;
  /** Whether this stage has set CMD, which a later ENTRYPOINT then preserves. */
  ownCommand = false;
  #last: Numbered | undefined;

  constructor(context: PlanContext, entry: StageEntry, scope: StageScope, base: StageBase) {
    this.context = context;
    this.entry = entry;
    this.scope = scope;
    this.operation = base.operation;
    this.image = base.image;
    this.history = [...base.history];
  }

  /** Changes members of the image's run configuration. */
  configure(change: ImageRunConfig): void {
    this.image = { ...this.image, run: { ...this.image.run, ...change } };
  }

  /** Completes an instruction: adds a step with the current state of the stage. */
  commit(origin: Origin, createdBy: string): void {
    const step = this.#step(origin, createdBy);
    this.history.push(step);
  }

  /** The step of FROM, which has no history entry. */
  begin(origin: Origin): void {
    this.#step(origin, '');
  }

  #step(origin: Origin, createdBy: string): Numbered {
    const step: Numbered = {
      number: 0,
      stage: this.entry.label,
      ...(this.context.platformLabel === undefined ? {} : { platform: this.context.platformLabel }),
      text: origin.text,
      source: this.context.source,
      span: origin.span,
      ...(this.#last ? { previous: this.#last } : {}),
      operation: this.operation,
      image: this.image,
      createdBy,
      args: this.scope.argNames,
    };
    this.#last = step;
    this.steps.push(step);
    return step;
  }
}

export interface StageBase {
  readonly operation: Operation;
  readonly image: ImageState;
  readonly history: readonly (ImageHistory | Step)[];
}

/** A step whose number is assigned when all stages are known. */
type Numbered = Omit<Step, 'number'> & { number: number };
