import type { WaitResponse } from '../../api/engine/containers.ts';
import { isBusy, lastRun } from '../../container/life/state.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerContext } from './context.ts';

const CONDITIONS = ['', 'not-running', 'next-exit', 'removed'];

/**
 * Begins to wait at once, before the promise that it gives is awaited: nothing that happens after the call is
 * missed. @throws BargeError not-found, or invalid-parameter for an unknown condition, at the call.
 */
export function waitContainer(
  ctx: Pick<ContainerContext, 'containers' | 'live'>,
  ref: string,
  condition: string,
  signal?: AbortSignal,
): Promise<WaitResponse> {
  if (!CONDITIONS.includes(condition)) throw invalidParameter(`invalid condition: "${condition}"`);
  const { definition, state } = ctx.containers.find(ref);
  const { id } = definition;
  if (condition === 'removed') return untilRemoved(ctx, id, lastRun(state).exitCode, signal);
  const mayBeOver = condition !== 'next-exit' && !isBusy(state);
  if (mayBeOver) return Promise.resolve({ StatusCode: lastRun(state).exitCode });
  return ctx.live.nextExit(id, signal).then((exit) => ({ StatusCode: exit.code }));
}

/** The last exit before the removal counts, or the one that the container had already. */
async function untilRemoved(
  ctx: Pick<ContainerContext, 'containers' | 'live'>,
  id: string,
  lastCode: number,
  signal?: AbortSignal,
): Promise<WaitResponse> {
  let code = lastCode;
  const over = new AbortController();
  const ended = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  ctx.live.nextExit(id, ended).then(
    (exit) => {
      code = exit.code;
    },
    () => {},
  );
  try {
    await ctx.live.removal(id, signal);
  } finally {
    over.abort();
  }
  return { StatusCode: code };
}
