import { setFlagsFromString } from 'node:v8';

/** The heap may become four times what the last collection left, instead of little more than that. */
const ROOMY = '--heap-growing-percent=300';
const USUAL = '--heap-growing-percent=0';

let held = 0;

/**
 * For the time of a transfer, until disposed: V8 counts the buffers of Node's streams as its heap's, and when that is as
 * small as a daemon's, it would run a whole mark-compact for every 10 MB that flow.
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
