import { messageOf } from '../../core/errors.ts';
import { disconnectEnded } from '../networking/endpoints.ts';
import { type BeginContext, beginRun } from './begin.ts';
import { type ContainerContext, emitContainer } from './context.ts';
import { releaseShm } from './host-extras.ts';
import type { Starter } from './launch.ts';
import { type ReleaseContext, releaseMounts } from './mounting.ts';
import type { Belongings, Clock, LifePorts } from './ports.ts';
import { cleanUp, type EraseContext, eraseContainer, makeRoom } from './remove.ts';
import { isFull, isStorageFailure } from './storage.ts';

type BelongingsContext = EraseContext &
  ReleaseContext &
  Pick<ContainerContext, 'events' | 'host' | 'live' | 'networks' | 'runner'>;
type PortsContext = BeginContext & BelongingsContext;

/** The ports of containers' lives in a daemon: the kernel, the database, the wall clock. */
export function lifePorts(ctx: PortsContext): LifePorts {
  return {
    store: ctx.containers,
    processes: {
      signal: (id, signal) => ctx.live.links.get(id)?.kill(signal),
      freeze: (definition, frozen) => ctx.host.cgroups.freeze(ctx.runner.cgroupOf(definition), frozen),
    },
    belongings: belongings(ctx),
    starter: starter(ctx),
    clock: CLOCK,
    audience: {
      emit: (container, action, attributes) => emitContainer(ctx, container, action, attributes),
      wake: (id, end) => ctx.live.announceExit(id, end),
      warn: ctx.warn,
    },
  };
}

const CLOCK: Clock = {
  now: () => Date.now(),
  after: (milliseconds, task) => {
    const timer = setTimeout(task, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

function starter(ctx: BeginContext): Starter {
  const readers = new Map<string, ReturnType<typeof ctx.live.takeWaitingReaders>>();
  return {
    begin: async (container) => {
      const { id } = container.definition;
      const waiting = ctx.live.takeWaitingReaders(id);
      readers.set(id, waiting);
      const run = await beginRun(ctx, container, waiting);
      return {
        ...run,
        serve: async () => {
          readers.delete(id);
          await run.serve();
        },
      };
    },
    failsForStorage: (error) => isStorageFailure(error) || isFull(ctx.runner.roots.dataRoot),
    failed: (id, error) => {
      for (const reader of readers.get(id) ?? []) reader.settle(error as Error);
      readers.delete(id);
    },
  };
}

function belongings(ctx: BelongingsContext): Belongings {
  return {
    release: async (container, attachment) => {
      const { definition } = container;
      const { id } = definition;
      void releaseShm(ctx, definition).catch((failure) =>
        ctx.warn('unmounting a shared /dev/shm failed', { container: id, error: messageOf(failure) }),
      );
      if (attachment) disconnectEnded(ctx, container, attachment);
      await releaseMounts(ctx, definition).catch((failure) =>
        ctx.warn('unmounting volumes failed', { container: id, error: messageOf(failure) }),
      );
      const link = ctx.live.links.get(id);
      void link?.gone.then(() => {
        if (ctx.live.links.get(id) === link) ctx.live.links.delete(id);
      });
    },
    erase: (container, volumes) => eraseContainer(ctx, container, volumes),
    makeRoom: (container) => makeRoom(ctx, container),
    cleanUp: (container) => cleanUp(ctx, container),
  };
}
