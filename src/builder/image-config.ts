import type { ImageConfig, ImageHistory } from '../api/oci-image.ts';
import type { Outcome } from './execute/step-cache.ts';
import { isStep, type Plan, type Step } from './plan/graph.ts';
import { HISTORY_COMMENT } from './plan/history.ts';
import type { Layers } from './worker.ts';

/**
 * The configuration of the built image. Its times come from the steps, so that the same steps produce the same id.
 * @param epoch the time to use instead.
 */
export function imageConfig(
  plan: Plan,
  outcomes: ReadonlyMap<Step, Outcome>,
  layers: Layers,
  epoch?: Date,
): ImageConfig {
  const history = plan.target.history.map((entry) =>
    isStep(entry) ? stepHistory(entry, outcomes.get(entry), plan.target.image.author, epoch) : entry,
  );
  const { run, ...image } = plan.target.image;
  const created = history.findLast((entry) => entry.created !== undefined)?.created;
  return {
    ...image,
    ...(created === undefined ? {} : { created }),
    config: run,
    rootfs: { type: 'layers', diff_ids: layers },
    history,
  };
}

function stepHistory(
  step: Step,
  outcome: Outcome | undefined,
  author: string | undefined,
  epoch: Date | undefined,
): ImageHistory {
  const created = epoch?.toISOString() ?? outcome?.created;
  return {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    created_by: step.createdBy,
    comment: HISTORY_COMMENT,
    ...(outcome?.layer ? {} : { empty_layer: true }),
  };
}
