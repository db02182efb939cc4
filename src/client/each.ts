import { messageOf } from '../core/errors.ts';
import type { Cli } from './cli.ts';

/**
 * Runs `work` for every name concurrently, and reports in the order of the names: its results on standard output,
 * failures on standard error. Resolves with 1 when any failed.
 */
export async function forEachName(
  cli: Cli,
  names: readonly string[],
  work: (name: string) => Promise<string | undefined>,
): Promise<number> {
  const results = await Promise.allSettled(names.map(work));
  let code = 0;
  for (const result of results) {
    if (result.status === 'rejected') {
      cli.err(`${messageOf(result.reason)}\n`);
      code = 1;
    } else if (result.value !== undefined) cli.out(`${result.value}\n`);
  }
  return code;
}

/** A container's or image's name inside a path. */
export function pathSegment(name: string): string {
  return encodeURIComponent(name).replaceAll('%3A', ':').replaceAll('%40', '@');
}

/** An image's name inside a path: its slashes stay. */
export function imagePath(name: string): string {
  return name.split('/').map(pathSegment).join('/');
}
