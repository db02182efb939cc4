interface Emitter {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * For a stream whose failure is met somewhere else, such as by the one that it is a part of: without a listener of its
 * own, its `error` event would end the process.
 */
export function failsElsewhere<T extends Emitter>(stream: T): T {
  stream.on('error', () => {});
  return stream;
}
