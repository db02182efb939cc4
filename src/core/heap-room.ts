import { setFlagsFromString } from 'node:v8';

/** The heap may grow to four times its size after the last collection, instead of little more than that size. */
const ROOMY = '--heap-growing-percent=300';
const USUAL = '--heap-growing-percent=0';

let held = 0;

/**
 * Applies for the duration of a transfer, until disposed. V8 counts the buffers of Node's streams as heap, and with a heap as
 * small as a daemon's it would run a full mark-compact for every 10 MB transferred.
 */
export function heapRoom(): Disposable {
  if (held++ === 0) setFlagsFromString(ROOMY);
  let open = true;
  return {
    [Symbol.dispose]: () => {
      if (open && --held === 0) setFlagsFromString(USUAL);
      open = false;
    },
  };
}
