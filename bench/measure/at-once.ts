/** Runs the work for each item, a limited number at a time. @returns the total time in milliseconds. */
export async function atOnce<T>(
  many: Iterable<T>,
  limit: number,
  work: (one: T) => Promise<unknown>,
): Promise<number> {
  const waiting = [...many].reverse();
  const began = performance.now();
  const worker = async () => {
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) await work(one);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return performance.now() - began;
}
