import type { BuildMessage, BuildStepText } from '../../api/build-events.ts';

type Started = Extract<BuildMessage, { kind: 'started' }>;
type Done = Extract<BuildMessage, { kind: 'done' }>;

/** A step as it is shown. */
export interface ShownStep {
  readonly number: number;
  /** `[stage 2/5] RUN make` */
  readonly title: string;
  /** Milliseconds since 1970. */
  started?: number;
  ended?: number;
  cached?: boolean;
  reason?: string;
}

const MAX_TITLE = 200;

/** Tracks the steps of a build from its messages. */
export class BuildSteps {
  readonly #steps = new Map<number, ShownStep>();
  #last: string | undefined;

  plan(steps: readonly BuildStepText[]): void {
    const totals = new Map<string, number>();
    for (const step of steps) totals.set(placeOf(step), (totals.get(placeOf(step)) ?? 0) + 1);
    const counts = new Map<string, number>();
    this.#last = steps.at(-1)?.stage;
    for (const step of steps) {
      const { number, text } = step;
      const place = placeOf(step);
      const count = (counts.get(place) ?? 0) + 1;
      counts.set(place, count);
      const name = totals.size > 1 ? `${place} ` : '';
      const line = text.replace(/\s+/g, ' ').slice(0, MAX_TITLE);
      this.#steps.set(number, { number, title: `[${name}${count}/${totals.get(place)}] ${line}` });
    }
  }

  /** The last stage's name. */
  get target(): string | undefined {
    return this.#last;
  }

  get(number: number): ShownStep {
    const known = this.#steps.get(number) ?? { number, title: `step ${number}` };
    this.#steps.set(number, known);
    return known;
  }

  all(): ShownStep[] {
    return [...this.#steps.values()];
  }

  started({ step, at }: Started): ShownStep {
    const shown = this.get(step);
    shown.started = at;
    return shown;
  }

  done({ step, at, cached }: Done): ShownStep {
    const shown = this.get(step);
    shown.ended = at;
    shown.cached = cached;
    return shown;
  }
}

/** The stage, and the platform where there are several. */
function placeOf({ stage, platform }: BuildStepText): string {
  const name = /^\d+$/.test(stage) ? `stage-${stage}` : stage;
  return platform === undefined ? name : `${platform} ${name}`;
}

/** Seconds with one decimal digit. */
export function seconds(from: number, to: number): string {
  return `${(Math.max(0, to - from) / 1000).toFixed(1)}s`;
}
