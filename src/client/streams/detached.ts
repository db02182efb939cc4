import type { ContainerInspect } from '../../api/engine/containers.ts';
import { isKind } from '../../core/errors.ts';
import type { EngineClient } from '../transport/engine.ts';

/** Whether container `id` still runs after its stream ended, because the user detached. */
export async function stillRunning(engine: EngineClient, id: string): Promise<boolean> {
  try {
    const { State } = await engine.get<ContainerInspect>(`/containers/${id}/json`);
    return State.Running;
  } catch (error) {
    if (isKind(error, 'not-found')) return false;
    throw error;
  }
}
