import { setTimeout as sleep } from 'node:timers/promises';
import { allPids, commandName, processTrees, sumOfPss } from '../../measure/memory.ts';
import type { Peer } from '../../peers/peer.ts';
import type { Crowd } from './crowd.ts';

/** Waits for garbage collection and for helpers that are about to end. */
const SETTLE_MS = 3000;

/** Bytes of PSS. */
export interface Weight {
  readonly containers: number;
  readonly daemon: number;
  /** New processes since construction, except those of the containers themselves. */
  readonly keepers: number;
  /** Their names: `20 × barge-shim`. */
  readonly names: string;
}

/** Repeatedly measures the memory of a peer whose daemon stays the same. */
export class Scales {
  readonly #crowd: Crowd;
  readonly #before: ReadonlySet<number>;
  /** Recorded now, because later the containers' shims may also be the daemon's children. */
  readonly #daemon: ReadonlySet<number>;

  constructor(peer: Peer, crowd: Crowd) {
    this.#crowd = crowd;
    this.#before = allPids();
    this.#daemon = peer.daemon ? processTrees([peer.daemon.pid]) : new Set();
  }

  async weigh(): Promise<Weight> {
    await sleep(SETTLE_MS);
    const inside = processTrees(this.#crowd.pids());
    const keepers = [...allPids()].filter((pid) => !this.#before.has(pid) && !inside.has(pid));
    return {
      containers: this.#crowd.running,
      daemon: sumOfPss(this.#daemon),
      keepers: sumOfPss(keepers),
      names: tally(keepers.map(commandName).filter(Boolean)),
    };
  }
}

function tally(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].map(([name, all]) => `${all.length} × ${name}`).join(', ') || 'none';
}
