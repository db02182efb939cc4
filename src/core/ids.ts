import { randomBytes } from 'node:crypto';

/** A new 64-hex-digit id for a container, exec or network. Its short form is never all digits. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d+$/.test(shortId(id))) return id;
  }
}

/** The 12 digits shown to users, without an algorithm prefix (`sha256:`). */
export function shortId(id: string): string {
  const colon = id.indexOf(':');
  return id.slice(colon + 1, colon + 13);
}
