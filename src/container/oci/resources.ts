import { statSync } from 'node:fs';
import type { OciDeviceRule, OciResources } from '../../api/oci-runtime.ts';
import { invalidParameter } from '../../core/errors.ts';
import { swapOf } from '../check/resources.ts';
import type { DeviceRate, LimitSpec } from '../resource-spec.ts';
import { majorOf, minorOf } from './devices.ts';

const CPU_PERIOD = 100_000;

/** Limits as the runtime specification writes them. */
export function ociResources(r: LimitSpec, devices: readonly OciDeviceRule[]): OciResources {
  const memory = memoryLimits(r);
  const cpu = cpuLimits(r);
  const blockIO = blockLimits(r);
  return {
    devices,
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(r.pids > 0 ? { pids: { limit: r.pids } } : {}),
    ...(Object.keys(blockIO).length > 0 ? { blockIO } : {}),
  };
}

function memoryLimits(r: LimitSpec): Record<string, number | boolean> {
  const swap = swapOf(r);
  return {
    ...(r.memory ? { limit: r.memory } : {}),
    ...(r.memoryReservation ? { reservation: r.memoryReservation } : {}),
    ...(swap ? { swap } : {}),
    ...(r.memorySwappiness === undefined ? {} : { swappiness: r.memorySwappiness }),
    ...(r.disableOomKiller ? { disableOOMKiller: true } : {}),
  };
}

function cpuLimits(r: LimitSpec): Record<string, number | string> {
  const nano = r.nanoCpus ? { period: CPU_PERIOD, quota: Math.floor((r.nanoCpus * CPU_PERIOD) / 1e9) } : {};
  return {
    ...(r.cpuShares ? { shares: r.cpuShares } : {}),
    ...(r.cpuPeriod ? { period: r.cpuPeriod } : {}),
    ...(r.cpuQuota ? { quota: r.cpuQuota } : {}),
    ...nano,
    ...(r.cpuRealtimePeriod ? { realtimePeriod: r.cpuRealtimePeriod } : {}),
    ...(r.cpuRealtimeRuntime ? { realtimeRuntime: r.cpuRealtimeRuntime } : {}),
    ...(r.cpus ? { cpus: r.cpus } : {}),
    ...(r.memoryNodes ? { mems: r.memoryNodes } : {}),
  };
}

function blockLimits(r: LimitSpec): Record<string, unknown> {
  const throttle = (name: string, list: readonly DeviceRate[]) =>
    list.length > 0 ? { [name]: list.map(({ path, rate }) => ({ ...deviceNumbers(path), rate })) } : {};
  const weights = r.blockWeightDevices.map(({ path, weight }) => ({ ...deviceNumbers(path), weight }));
  return {
    ...(r.blockWeight ? { weight: r.blockWeight } : {}),
    ...(weights.length > 0 ? { weightDevice: weights } : {}),
    ...throttle('throttleReadBpsDevice', r.blockReadBytes),
    ...throttle('throttleWriteBpsDevice', r.blockWriteBytes),
    ...throttle('throttleReadIOPSDevice', r.blockReadRequests),
    ...throttle('throttleWriteIOPSDevice', r.blockWriteRequests),
  };
}

/** Of a device of the host. @throws BargeError invalid-parameter. */
export function deviceNumbers(path: string): { major: number; minor: number } {
  try {
    const { rdev } = statSync(path);
    return { major: majorOf(rdev), minor: minorOf(rdev) };
  } catch (error) {
    throw invalidParameter(`no such device: ${path}`, { cause: error });
  }
}
