import { timeCommand } from '../../measure/process.ts';
import { summarize } from '../../measure/statistics.ts';
import { Crowd } from '../crowd/crowd.ts';
import { Scales } from '../crowd/weigh.ts';
import type { Workshop } from '../suite.ts';
import { ownPeer } from './own.ts';
import type { Growth } from './suite.ts';

const COUNTS = [1, 10, 100, 300, 1000];
/** What fewer add to a daemon is lost in what its heap does by itself. */
const WEIGHABLE = 100;
const MB = 1e6;

/** Containers that run: time to start them all, memory of all, and what a list of them takes. */
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
      /* A heap may shrink: then nothing has grown, and a page stands for that. */
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
