import { timeCommand } from '../../measure/process.ts';
import type { Peer } from '../../peers/peer.ts';
import type { Workshop } from '../suite.ts';
import { Crowd } from './crowd.ts';
import { Scales, type Weight } from './weigh.ts';

/** The numbers of running containers at which to measure. */
export const POINTS = { few: 50, timed: 100, many: 200, most: 500, listed: 1000 } as const;

/** Number of containers to run and remove before measuring a daemon's memory. */
const WARM = 20;

/** The samples of one peer, in milliseconds. */
export interface CrowdFigures {
  readonly start: number;
  readonly stop: number;
  readonly remove: number;
  /** Containers → times; with a daemon, the list includes stopped containers. */
  readonly lists: Readonly<Record<number, readonly number[]>>;
  readonly inspects: Readonly<Record<number, readonly number[]>>;
  readonly weights: readonly Weight[];
  /** Running containers → time. */
  readonly restarts: Readonly<Record<number, readonly number[]>>;
}

/**
 * Grows the crowd, measures at each point, and shrinks it again.
 * @param most the maximum number of running containers.
 */
export async function measureCrowd(peer: Peer, most: number, workshop: Workshop): Promise<CrowdFigures> {
  const { runs } = workshop.effort;
  const restarts: Record<number, readonly number[]> = { 0: await restart(peer) };
  await using crowd = new Crowd(peer);
  /* Otherwise the first containers would be charged with what a daemon loads and compiles once. */
  await crowd.growUntil(WARM);
  await crowd.shrinkUntil(0);
  const scales = new Scales(peer, crowd);
  const weights = [await scales.weigh()];
  const times = (...args: readonly string[]) => repeat(runs, () => timeCommand(crowd.client.command(args)));
  const lists: Record<number, readonly number[]> = { 0: times('ps', '-a') };
  const inspects: Record<number, readonly number[]> = {};
  await crowd.growUntil(1);
  inspects[1] = times('inspect', 'bench-crowd-0');
  const few = Math.min(POINTS.few, most - 1);
  await crowd.growUntil(few);
  weights.push(await scales.weigh());
  const timed = Math.min(few + POINTS.timed, most);
  const start = ((await crowd.startUntil(timed)) / (timed - few)) * POINTS.timed;
  const many = Math.min(POINTS.many, most);
  await crowd.growUntil(many);
  weights.push(await scales.weigh());
  lists[many] = times('ps', '-a');
  inspects[many] = times('inspect', 'bench-crowd-0');
  if (most > many) {
    await crowd.growUntil(most);
    weights.push(await scales.weigh());
  }
  if (peer.daemon) {
    await crowd.createUntil(POINTS.listed);
    lists[POINTS.listed] = times('ps', '-a');
    inspects[POINTS.listed] = times('inspect', 'bench-crowd-0');
    await crowd.removeCreated();
  }
  await crowd.shrinkUntil(many);
  restarts[many] = await restart(peer);
  const part = Math.min(POINTS.timed, many);
  const stop = ((await crowd.stopLast(part)) / part) * POINTS.timed;
  const remove = ((await crowd.removeLast(part)) / part) * POINTS.timed;
  return { start, stop, remove, lists, inspects, weights, restarts };
}

/** One time for a daemon; empty without one. */
async function restart({ daemon }: Peer): Promise<readonly number[]> {
  return daemon ? [await daemon.restart(), await daemon.restart()] : [];
}

function repeat(count: number, work: () => number): readonly number[] {
  work();
  return Array.from({ length: count }, work);
}
