import { RCODE, rcodeOf, ttlOffsets } from './message.ts';

const MAX_ENTRIES = 2000;
const MAX_SECONDS = 3600;
/** Time to live of answers without a record that specifies one. */
const NOTHING_SECONDS = 5;

interface Kept {
  readonly answer: Buffer;
  readonly offsets: readonly number[];
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
  readonly until: number;
}

/** Answers of other servers, cached for the TTLs of their records. */
export class AnswerCache {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @returns the answer with its remaining TTLs, under the id of the query. */
  get(key: string, id: number): Buffer | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    const now = this.#now();
    if (now >= kept.until) {
      this.#kept.delete(key);
      return undefined;
    }
    const answer = Buffer.from(kept.answer);
    answer.writeUInt16BE(id, 0);
    const age = Math.floor((now - kept.at) / 1000);
    for (const offset of kept.offsets) {
      answer.writeUInt32BE(Math.max(0, answer.readUInt32BE(offset) - age), offset);
    }
    return answer;
  }

  /** Caches positive and negative answers, but not failures. */
  put(key: string, answer: Buffer): void {
    if (rcodeOf(answer) !== RCODE.ok && rcodeOf(answer) !== RCODE.nameError) return;
    const found = ttlOffsets(answer);
    if (!found) return;
    const ttls = found.offsets.map((offset) => answer.readUInt32BE(offset));
    const shortest = Math.min(MAX_SECONDS, found.soaMinimum ?? MAX_SECONDS, ...ttls);
    const seconds = ttls.length > 0 ? shortest : NOTHING_SECONDS;
    if (seconds <= 0) return;
    if (this.#kept.size >= MAX_ENTRIES) this.#kept.delete(this.#kept.keys().next().value ?? '');
    const at = this.#now();
    this.#kept.delete(key);
    this.#kept.set(key, {
      answer: Buffer.from(answer),
      offsets: found.offsets,
      at,
      until: at + seconds * 1000,
    });
  }
}
