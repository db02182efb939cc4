import type { LifeEvent } from '../../container/life/event.ts';
import type { ShimLink } from '../../container/shim.ts';
import { messageOf } from '../../core/errors.ts';
import type { ContainerContext } from './context.ts';

/** Follows a started process to its end, whatever that is. */
export function watchExit(
  ctx: Pick<ContainerContext, 'life' | 'warn'>,
  id: string,
  link: Pick<ShimLink, 'exit'>,
): void {
  const report = (event: LifeEvent) =>
    ctx.life
      .dispatch(id, event)
      .catch((error) =>
        ctx.warn('following the end of a container failed', { container: id, error: messageOf(error) }),
      );
  link.exit.then(
    (end) => report({ type: 'exit', end }),
    (error) => report({ type: 'shim-lost', at: Date.now(), message: messageOf(error) }),
  );
}
