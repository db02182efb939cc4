import type { DeviceMapping, DeviceRequest, Resources, ThrottleDevice } from '../../api/engine/containers.ts';
import type {
  DeviceRate,
  DeviceSpec,
  LimitSpec,
  MappedDevice,
  RequestedDevice,
} from '../../container/resource-spec.ts';
import { LIMIT_NAMES, RATE_NAMES } from '../limit-names.ts';

type Writable<T> = { -readonly [K in keyof T]?: T[K] };

/** The limits that a body names, by the spec's names. */
export function limitsOf(body: Resources): Partial<LimitSpec> {
  const limits: Writable<LimitSpec> = {};
  const copy = <K extends keyof LimitSpec>(name: K, value: LimitSpec[K] | null | undefined) => {
    if (value !== null && value !== undefined) limits[name] = value;
  };
  for (const [given, name] of entriesOf(LIMIT_NAMES)) copy(name, body[given] as never);
  for (const [given, name] of entriesOf(RATE_NAMES)) copy(name, body[given]?.map(rateOf));
  copy(
    'blockWeightDevices',
    body.BlkioWeightDevice?.map(({ Path, Weight }) => ({ path: Path, weight: Weight })),
  );
  copy(
    'ulimits',
    body.Ulimits?.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
  );
  if (body.MemorySwappiness !== -1) copy('memorySwappiness', body.MemorySwappiness);
  copy('disableOomKiller', body.OomKillDisable);
  if (typeof body.PidsLimit === 'number') limits.pids = Math.max(0, body.PidsLimit);
  return limits;
}

const entriesOf = <T extends Readonly<Record<string, string>>>(names: T) =>
  Object.entries(names) as [keyof T, T[keyof T]][];

const rateOf = ({ Path, Rate }: ThrottleDevice): DeviceRate => ({ path: Path, rate: Rate });

export const devicesOf = (body: Resources): DeviceSpec => ({
  mapped: (body.Devices ?? []).map(mappedDevice),
  rules: body.DeviceCgroupRules ?? [],
  requests: (body.DeviceRequests ?? []).map(requestedDevice),
});

const mappedDevice = ({ PathOnHost, PathInContainer, CgroupPermissions }: DeviceMapping): MappedDevice => ({
  hostPath: PathOnHost,
  path: PathInContainer || PathOnHost,
  access: CgroupPermissions || 'rwm',
});

const requestedDevice = (request: DeviceRequest): RequestedDevice => ({
  driver: request.Driver ?? '',
  count: request.Count ?? 0,
  ids: request.DeviceIDs ?? [],
  capabilities: request.Capabilities ?? [],
});
