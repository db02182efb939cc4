import { constants } from 'node:os';
import { findSignal } from '../../core/signals.ts';
import type { ContainerDefinition } from '../model.ts';

/** What decides about a container's life: the part of its definition that transitions look at. */
export interface LifeRules {
  readonly id: string;
  readonly name: string;
  readonly restart: { readonly policy: RestartPolicyName; readonly maximum: number };
  /** The container is removed when it has ended, with its anonymous volumes. */
  readonly autoRemove: boolean;
  /** Number of the signal that asks the process to end. */
  readonly stopSignal: number;
  readonly health: HealthRules;
}

type RestartPolicyName = 'no' | 'always' | 'unless-stopped' | 'on-failure';

export interface HealthRules {
  /** Milliseconds in which failures do not count. */
  readonly startPeriod: number;
  /** Failures in a row that make a container unhealthy. */
  readonly retries: number;
}

/** Without a probe nothing asks. */
const NO_HEALTH: HealthRules = { startPeriod: 0, retries: 0 };

export function rulesOf({ id, name, spec }: ContainerDefinition): LifeRules {
  const { restart, health } = spec;
  return {
    id,
    name,
    restart: {
      policy: restart.kind,
      maximum: restart.kind === 'on-failure' ? restart.maxRetries : 0,
    },
    autoRemove: spec.autoRemove,
    stopSignal: stopSignalOf(spec.stop.signal),
    health:
      health.kind === 'none' ? NO_HEALTH : { startPeriod: health.startPeriod / 1e6, retries: health.retries },
  };
}

/** An image may name a signal that does not exist: its containers end as others do. */
function stopSignalOf(name: string): number {
  return findSignal(name || 'SIGTERM') ?? constants.signals.SIGTERM;
}
