import { setTimeout as sleep } from 'node:timers/promises';
import { allPids, commandName, processTrees, sumOfPss } from '../../measure/memory.ts';
import type { Peer } from '../../peers/peer.ts';
import type { Crowd } from './crowd.ts';

/** Lets garbage be collected and helpers that are about to end do so. */
const SETTLE_MS = 3000;

/** Bytes of PSS. */
export interface Weight {
  readonly containers: number;
  readonly daemon: number;
  /** Processes that have come since the first weighing and are neither the daemon's nor the containers' own. */
  readonly keepers: number;
  /** What they are called: `20 × barge-shim`. */
  readonly names: string;
}

/** Weighs a peer again and again. */
export class Scales {
  readonly #peer: Peer;
  readonly #crowd: Crowd;
  readonly #before: ReadonlySet<number>;

  constructor(peer: Peer, crowd: Crowd) {
    this.#peer = peer;
    this.#crowd = crowd;
    this.#before = allPids();
  }

  async weigh(): Promise<Weight> {
    await sleep(SETTLE_MS);
    const { daemon } = this.#peer;
    const daemonPids = daemon ? processTrees([daemon.pid]) : new Set<number>();
    const inside = processTrees(this.#crowd.pids());
    const keepers = [...allPids()].filter(
      (pid) => !this.#before.has(pid) && !inside.has(pid) && !daemonPids.has(pid),
    );
    return {
      containers: this.#crowd.running,
      daemon: sumOfPss(daemonPids),
      keepers: sumOfPss(keepers),
      names: tally(keepers.map(commandName).filter(Boolean)),
    };
  }
}

function tally(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].map(([name, all]) => `${all.length} × ${name}`).join(', ') || 'none';
}
