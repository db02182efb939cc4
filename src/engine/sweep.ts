import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning } from '../container/life/state.ts';
import type { Runner } from '../container/runner.ts';
import { ShimLink } from '../container/shim.ts';
import type { ContainerStore } from '../container/store.ts';
import { messageOf } from '../core/errors.ts';
import { SIGKILL } from '../core/signals.ts';
import type { Cgroups } from '../host/cgroups.ts';
import type { Files } from '../host/files.ts';
import type { ContainerContext, LiveContainers } from './lifecycle/context.ts';

interface ClearContext extends Pick<ContainerContext, 'warn'> {
  readonly runner: Pick<Runner, 'clear'>;
}

export async function endUnrecorded(link: ShimLink): Promise<void> {
  link.kill(SIGKILL);
  await link.gone;
}

export interface SweepContext extends ClearContext {
  readonly containers: Pick<ContainerStore, 'list'>;
  readonly host: {
    readonly cgroups: Pick<Cgroups, 'children' | 'remove'>;
    readonly files: Pick<Files, 'removeTree'>;
  };
  readonly live: Pick<LiveContainers, 'links'>;
  readonly runner: Pick<Runner, 'clear' | 'directories' | 'known' | 'roots'>;
}

/**
 * Removes directories and cgroups that belong to no container. Everything is listed at the beginning: what starts while the
 * rest is removed, which may take minutes, is on no list.
 */
export async function sweep(ctx: SweepContext): Promise<void> {
  const { roots } = ctx.runner;
  const containers = join(roots.dataRoot, 'containers');
  const ids = new Set(ctx.containers.list().map(({ definition }) => definition.id));
  const adopted = new Set(ctx.live.links.keys());
  const used = usedDirectories(ctx);
  const lists = {
    data: (await readdir(containers)).filter((name) => !ids.has(name)),
    exec: (await readdir(roots.execRoot)).filter((name) => EXEC_NAME.test(name) && !used.has(name)),
    known: (await ctx.runner.known()).filter((id) => !adopted.has(id)),
    cgroups: ctx.host.cgroups.children(roots.cgroupParent).filter((name) => !adopted.has(name)),
  };
  /* Processes first, since they may use what is removed next. */
  for (const name of lists.exec) {
    const link = await ShimLink.reconnect(join(roots.execRoot, name));
    if (link) await endUnrecorded(link);
    await rm(join(roots.execRoot, name), { recursive: true, force: true });
  }
  for (const id of lists.known) await clear(ctx, { id });
  for (const name of lists.cgroups) ctx.host.cgroups.remove(join(roots.cgroupParent, name));
  for (const name of lists.data) await ctx.host.files.removeTree(join(containers, name));
}

/** Of containers, or of steps of builds. */
const EXEC_NAME = /^([0-9a-f]{20}|step-.*)$/;

/** Run-time directories of containers that run, and of those whose exit record may still be all that tells of their end. */
function usedDirectories({
  containers,
  runner,
}: Pick<SweepContext, 'containers' | 'runner'>): ReadonlySet<string> {
  const used = containers.list().filter(({ state }) => isRunning(state));
  return new Set(
    used.map(({ definition }) =>
      runner.directories(definition.id).exec.slice(runner.roots.execRoot.length + 1),
    ),
  );
}

/** What does not end of a container whose shim was killed must not keep the daemon from its start. */
export async function clear(ctx: ClearContext, definition: Parameters<Runner['clear']>[0]): Promise<void> {
  await ctx.runner.clear(definition).catch((error) =>
    ctx.warn('ending what a shim left behind failed', {
      container: definition.id,
      error: messageOf(error),
    }),
  );
}
