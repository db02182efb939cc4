interface Emitter {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * For a stream whose failure is handled elsewhere, such as by the stream that it is part of: without a listener of its
 * own, its `error` event would end the process.
 */
export function failsElsewhere<T extends Emitter>(stream: T): T {
  stream.on('error', () => {});
  return stream;
}

/** A writable stream, Node's or streamx's. */
interface Filling {
  readonly destroyed: boolean;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
}

/**
 * Resolves when a full stream can be written again or has been destroyed: the caller checks `destroyed`.
 * Leaves no listener behind.
 */
export function drained(stream: Filling): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    if (stream.destroyed) done();
  });
}
