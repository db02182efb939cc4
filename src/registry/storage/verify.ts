import { algorithmOf, type Digest, Digester } from '../../core/digest.ts';
import { contentKey, quarantineKey } from './layout.ts';
import { contentLock, type Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';

/**
 * The digest that stored content has now; undefined when it has gone meanwhile.
 * @param pace called with the number of bytes of each piece, before the next is read.
 */
export async function actualDigest(
  objects: ObjectStore,
  expected: Digest,
  pace: (bytes: number) => Promise<void> | void = () => {},
): Promise<Digest | undefined> {
  const digester = new Digester(algorithmOf(expected));
  try {
    for await (const piece of objects.read(contentKey(expected)) as AsyncIterable<Uint8Array>) {
      digester.update(piece);
      await pace(piece.byteLength);
    }
  } catch (error) {
    if (await objects.stat(contentKey(expected))) throw error;
    return undefined;
  }
  return digester.digest();
}

/**
 * Moves content whose bytes have another digest away, so that the next push brings it anew. Reads it once more
 * under the lock: it may have been brought meanwhile.
 * @returns whether it was moved.
 */
export async function quarantine(objects: ObjectStore, locks: Locks, digest: Digest): Promise<boolean> {
  return await locks.run(contentLock(digest), async () => {
    const actual = await actualDigest(objects, digest);
    if (actual === undefined || actual === digest) return false;
    await objects.move(contentKey(digest), quarantineKey(digest));
    return true;
  });
}
