import type { ProcessSpec } from './spec.ts';

/**
 * A container is as likely to be killed for want of memory as it asked (0 by default), never as its daemon is. Runtimes
 * take 0 for "as it is" and leave an exec out, so the shim sets it.
 * @param can whether this host lets a process have such a value.
 * @returns -1000 to 1000; undefined where the host cannot give what was asked for.
 */
export function oomScore(
  { oomScoreAdjustment: value }: Pick<ProcessSpec, 'oomScoreAdjustment'>,
  can: (value: number) => boolean,
): { readonly value?: number; readonly warnings: readonly string[] } {
  if (can(value)) return { value, warnings: [] };
  const text = `This host cannot lower the OOM score adjustment to ${value}: the container keeps the daemon's.`;
  return { warnings: [text] };
}
