import { algorithmOf, type Digest, Digester } from '../../core/digest.ts';
import { contentKey, quarantineKey } from './layout.ts';
import { contentLock, type Locks } from './locks.ts';
import type { ObjectStore } from './objects.ts';

/**
 * The actual digest of stored content; undefined when it has been removed meanwhile.
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
 * Moves content with a wrong digest to quarantine, so that the next push restores it. Verifies it once more
 * under the lock, as it may have been restored meanwhile.
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
