import { signalNumber } from '../check/signal.ts';
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

export type RestartPolicyName = 'no' | 'always' | 'unless-stopped' | 'on-failure';

export interface HealthRules {
  /** Milliseconds in which failures do not count. */
  readonly startPeriod: number;
  /** Failures in a row that make a container unhealthy. */
  readonly retries: number;
}

const DEFAULT_RETRIES = 3;
const SIGTERM = 15;

export function rulesOf({ id, name, config, hostConfig }: ContainerDefinition): LifeRules {
  const { Name: policy, MaximumRetryCount: maximum = 0 } = hostConfig.RestartPolicy ?? {};
  return {
    id,
    name,
    restart: { policy: policyNamed(policy), maximum },
    autoRemove: hostConfig.AutoRemove ?? false,
    stopSignal: stopSignalOf(config.StopSignal),
    health: {
      startPeriod: (config.Healthcheck?.StartPeriod ?? 0) / 1e6,
      retries: config.Healthcheck?.Retries || DEFAULT_RETRIES,
    },
  };
}

function policyNamed(name: string | undefined): RestartPolicyName {
  return name === 'always' || name === 'unless-stopped' || name === 'on-failure' ? name : 'no';
}

/** An image may name a signal that is none: its containers end as others do. */
function stopSignalOf(name: string | undefined): number {
  try {
    return signalNumber(name || 'SIGTERM');
  } catch {
    return SIGTERM;
  }
}
