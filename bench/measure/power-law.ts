import type { Point } from '../suites/suite.ts';

/**
 * The exponent k of the power law a·n^k that fits the points best, by least squares of logarithms. It uses only the
 * larger half of them, because fixed costs hide the growth in the smaller half. NaN for fewer than two points.
 */
export function growthExponent(points: readonly Point[]): number {
  const upper = points.slice(Math.min(Math.floor(points.length / 2), points.length - 2));
  const logs = upper.map(({ count, cost }) => [Math.log(count), Math.log(cost)] as const);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(logs.map(([n]) => n)), mean(logs.map(([, cost]) => cost))];
  const covariance = logs.reduce((sum, [n, cost]) => sum + (n - x) * (cost - y), 0);
  return covariance / logs.reduce((sum, [n]) => sum + (n - x) ** 2, 0);
}
