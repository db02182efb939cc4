import { type Duplex, Transform } from 'node:stream';
import { invalidParameter } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';

const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** Bytes of a detach sequence such as `ctrl-p,ctrl-q` or `a,b`. @throws BargeError invalid-parameter. */
export function parseDetachKeys(text: string | undefined | null): Buffer {
  const keys = (text || DEFAULT_DETACH_KEYS).split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const letter = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (!letter) throw invalidParameter(`Invalid escape keys (${text}) provided`);
    return letter.toUpperCase().charCodeAt(0) & 0x1f;
  });
  return Buffer.from(keys);
}

/** Passes input on until the detach sequence comes; what only looked like its beginning is passed on late. */
export function detachFilter(keys: Buffer, detach: () => void): Transform {
  let seen = 0;
  return failsElsewhere(
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const out: number[] = [];
        for (const byte of chunk) {
          if (byte === keys[seen]) {
            seen++;
            if (seen === keys.length) {
              /* What was typed before goes its way first. */
              setImmediate(detach);
              done(null, Buffer.from(out));
              return;
            }
            continue;
          }
          out.push(...keys.subarray(0, seen));
          seen = byte === keys[0] ? 1 : 0;
          if (seen === 0) out.push(byte);
        }
        done(null, Buffer.from(out));
      },
    }),
  );
}

interface BridgeOptions {
  /** For terminals, and for clients that name some. */
  readonly detachKeys?: Buffer | undefined;
  /** Whether the client's bytes are the process's input; without it they are read and dropped. */
  readonly input: boolean;
  /** Holds the end back from the client until the exit code is known, for it asks for that next. */
  readonly ended?: Promise<unknown>;
}

/**
 * Joins a client's connection with a process's streams until either end goes. The client's half-close is the
 * end of the process's input; the process's end closes the connection. Either may have gone before.
 * @returns whether the client typed the detach keys.
 */
export async function bridge(
  client: Duplex,
  process: Duplex,
  { detachKeys, input, ended }: BridgeOptions,
): Promise<{ readonly detached: boolean }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let detached = false;
  const endClient = async () => {
    if (!detached) await ended;
    client.end();
    resolve();
  };
  client.on('error', () => process.destroy());
  if (client.destroyed) {
    process.destroy();
    return { detached };
  }
  process.on('error', endClient);
  process.on('end', () => {
    process.end();
    void endClient();
  });
  process.on('close', endClient);
  client.on('close', () => {
    process.destroy();
    resolve();
  });
  const detach = () => {
    detached = true;
    process.destroy();
  };
  const typed = detachKeys ? client.pipe(detachFilter(detachKeys, detach)) : client;
  if (input) typed.pipe(process);
  else typed.resume();
  process.pipe(client, { end: false });
  if (process.destroyed || process.readableEnded) void endClient();
  await promise;
  return { detached };
}
