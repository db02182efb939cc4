import type { Health, HealthResult } from '../../api/engine/containers.ts';
import type { HealthRules } from './rules.ts';

const KEPT_RESULTS = 5;

export const STARTING: Health = { Status: 'starting', FailingStreak: 0, Log: [] };

/** Nothing looks after a container that has ended: it counts as unhealthy. */
export const endedHealth = (health: Health | undefined): { readonly health?: Health } =>
  health ? { health: { ...health, Status: 'unhealthy' } } : {};

/**
 * The health after one more probe. Failures within the start period do not count; a first success ends it.
 * @param age milliseconds since the container's start.
 */
export function nextHealth(
  before: Health | undefined,
  result: HealthResult,
  { startPeriod, retries }: HealthRules,
  age: number,
): Health {
  const { Status: status, FailingStreak: streak, Log: log } = before ?? STARTING;
  const failed = result.ExitCode !== 0;
  const excused = failed && status === 'starting' && age < startPeriod;
  const failures = failed ? streak + (excused ? 0 : 1) : 0;
  const afterFailure = failures >= retries ? 'unhealthy' : status;
  return {
    Status: failed ? afterFailure : 'healthy',
    FailingStreak: failures,
    Log: [...(log ?? []), result].slice(-KEPT_RESULTS),
  };
}
