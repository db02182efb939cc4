import { timeCommand } from '../../measure/process.ts';
import { summarize } from '../../measure/statistics.ts';
import { Crowd } from '../crowd/crowd.ts';
import { Scales } from '../crowd/weigh.ts';
import type { Workshop } from '../suite.ts';
import { ownPeer } from './own.ts';
import type { Growth } from './suite.ts';

const COUNTS = [1, 10, 100, 300, 1000];
/** With fewer, the growth is lost in the variation of the daemon's heap. */
const WEIGHABLE = 100;
const MB = 1e6;

/** Running containers: the time to start them all, the memory of all, and the time to list them. */
export async function containerCurves(workshop: Workshop): Promise<readonly Growth[]> {
  const peer = ownPeer(workshop);
  if (!peer) return [];
  workshop.say(`growth: ${COUNTS.join(', ')} containers`);
  await using crowd = new Crowd(peer);
  const scales = new Scales(peer, crowd);
  const empty = await scales.weigh();
  const points: ({ readonly count: number } & Costs)[] = [];
  let started = 0;
  for (const count of COUNTS) {
    started += await crowd.startUntil(count);
    const weight = await scales.weigh();
    const times = Array.from({ length: workshop.effort.runs }, () =>
      timeCommand(crowd.client.command(['ps'])),
    );
    points.push({
      count,
      started: started / 1000,
      /* A heap may shrink; then one page represents no growth. */
      memory: Math.max(4096, weight.daemon - empty.daemon + weight.keepers) / MB,
      list: summarize(times).median,
    });
  }
  const curve = (label: string, unit: string, key: keyof Costs): Growth => ({
    label,
    unit,
    points: points
      .filter(({ count }) => key !== 'memory' || count >= WEIGHABLE)
      .map((point) => ({ count: point.count, cost: point[key] })),
  });
  return [
    curve('containers: starting all', 's', 'started'),
    curve('containers: memory of all', 'MB', 'memory'),
    curve('containers: ps', 'ms', 'list'),
  ];
}

interface Costs {
  readonly started: number;
  readonly memory: number;
  readonly list: number;
}
