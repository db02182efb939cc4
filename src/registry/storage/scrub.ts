import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../core/digest.ts';
import type { Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';
import { actualDigest, quarantine } from './verify.ts';
import { storedContent } from './walk.ts';

export interface ScrubOptions {
  /** Bytes per second. */
  readonly rate: number;
  readonly signal?: AbortSignal;
  /** Called after each content; `damaged` content has been moved to quarantine. */
  readonly report: (content: {
    readonly digest: Digest;
    readonly bytes: number;
    readonly damaged: boolean;
  }) => void;
}

export interface Scrubbed {
  readonly contents: number;
  readonly bytes: number;
  readonly damaged: number;
}

/** Slowly verifies all stored content, and moves content with a wrong digest to quarantine. */
export async function scrub(objects: ObjectStore, locks: Locks, options: ScrubOptions): Promise<Scrubbed> {
  const { rate, signal, report } = options;
  const total = { contents: 0, bytes: 0, damaged: 0 };
  const started = performance.now();
  const pace = async (bytes: number) => {
    total.bytes += bytes;
    const early = started + (total.bytes / rate) * 1000 - performance.now();
    if (early > 1) await sleep(early, undefined, signal ? { signal } : {});
    signal?.throwIfAborted();
  };
  for await (const digest of storedContent(objects)) {
    signal?.throwIfAborted();
    const before = total.bytes;
    const actual = await actualDigest(objects, digest, pace);
    if (actual === undefined) continue;
    const damaged = actual !== digest && (await quarantine(objects, locks, digest));
    total.contents++;
    if (damaged) total.damaged++;
    report({ digest, bytes: total.bytes - before, damaged });
  }
  return total;
}
