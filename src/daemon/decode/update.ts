import type { Resources, RestartPolicy } from '../../api/engine/containers.ts';
import { containerSpec } from '../../container/default-spec.ts';
import type { LimitSpec } from '../../container/resource-spec.ts';
import type { ContainerUpdate } from '../../engine/lifecycle/update.ts';
import { encodeResources } from '../encode/resources.ts';
import { LIMIT_NAMES, RATE_NAMES } from '../limit-names.ts';
import { asGiven } from './as-given.ts';
import { restartOf } from './container-spec.ts';
import { limitsOf } from './resources.ts';
import { assertRestartPolicy } from './restart-policy.ts';

/** Body of `POST /containers/{id}/update`. */
export interface UpdateRequest extends Resources {
  readonly RestartPolicy?: RestartPolicy | null;
}

/** Members of which 0 or an empty text means "leave it as it is", as in Docker. */
const { CgroupParent, ...CHANGING } = LIMIT_NAMES;
const NUMBERS_AND_TEXTS = Object.keys(CHANGING) as (keyof typeof CHANGING)[];
/** For these, an empty list takes the limits away. */
const LISTS = ['BlkioWeightDevice', ...(Object.keys(RATE_NAMES) as (keyof typeof RATE_NAMES)[])] as const;

/**
 * The limits that can change, and the restart policy; other members belong to the creation and are left alone, as Docker
 * does.
 * @throws BargeError invalid-parameter for an invalid restart policy.
 */
export function updateOf({ RestartPolicy: policy, ...body }: UpdateRequest): ContainerUpdate {
  if (policy) assertRestartPolicy(policy);
  const named: Resources = {
    ...pick(body, NUMBERS_AND_TEXTS, (value) => Boolean(value)),
    ...pick(body, LISTS, Array.isArray),
    ...(typeof body.PidsLimit === 'number' ? { PidsLimit: Math.max(0, body.PidsLimit) } : {}),
  };
  const limits: Partial<LimitSpec> = limitsOf(named);
  const names = Object.keys(named);
  const { limits: whole, devices } = containerSpec({ limits });
  const cleared = Object.fromEntries(names.map((name) => [name, undefined]));
  return {
    limits,
    ...(policy?.Name ? { restart: restartOf(policy) } : {}),
    asGiven: {
      ...cleared,
      ...asGiven(named, encodeResources(whole, devices)),
      ...(policy?.Name ? { RestartPolicy: undefined } : {}),
    },
  };
}

function pick<K extends keyof Resources>(
  body: Resources,
  names: readonly K[],
  isGiven: (value: Resources[K]) => boolean,
): Resources {
  return Object.fromEntries(names.filter((name) => isGiven(body[name])).map((name) => [name, body[name]]));
}
