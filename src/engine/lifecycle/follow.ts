import type { LifeEvent, ProcessEnd } from '../../container/life/event.ts';
import type { Container } from '../../container/model.ts';
import type { ContainerContext } from './context.ts';
import type { Applied } from './perform.ts';

export type FollowContext = Pick<ContainerContext, 'containers' | 'life' | 'live'>;

interface Followed {
  readonly applied: Applied;
  /** The container as the event found it; undefined when it had gone. */
  readonly before: Container | undefined;
  /** The end of the run that the event met. */
  readonly end: Promise<ProcessEnd>;
}

/** Applies an event that may end a run, and watches for the end from before the event on: no quick end is missed. */
export async function follow(
  { containers, life, live }: FollowContext,
  id: string,
  event: LifeEvent,
): Promise<Followed> {
  return await life.run(id, async (apply) => {
    const before = containers.has(id) ? containers.get(id) : undefined;
    const over = new AbortController();
    const end = live.nextExit(id, over.signal);
    end.catch(() => {});
    try {
      const applied = await apply(event);
      if (applied !== 'done') over.abort();
      return { applied, before, end };
    } catch (error) {
      over.abort();
      throw error;
    }
  });
}
