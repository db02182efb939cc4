/** Runs every task passed to it, now or later. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * Runs at most `width` of its tasks at once; the others wait in order.
 * @param width a number, or a function that is called for each task.
 */
export function limiter(width: number | (() => number)): Limiter {
  const allowed = typeof width === 'number' ? () => width : width;
  let running = 0;
  const waiting: (() => void)[] = [];
  const wake = () => {
    while (waiting.length > 0 && running < allowed()) {
      running++;
      waiting.shift()?.();
    }
  };
  return async (task) => {
    if (running >= allowed()) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      running--;
      wake();
    }
  };
}
