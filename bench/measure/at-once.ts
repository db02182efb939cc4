/** Does something with each of them, so many at a time. @returns the milliseconds that all took together. */
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
