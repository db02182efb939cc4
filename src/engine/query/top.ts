import { isRunning } from '../../container/life/state.ts';
import type { Runner } from '../../container/runner.ts';
import type { ContainerStore } from '../../container/store.ts';
import { conflict, invalidParameter } from '../../core/errors.ts';
import type { Cgroups } from '../../host/cgroups.ts';
import type { Processes } from '../../host/process.ts';
import { type ContainerEvents, emitContainer } from '../lifecycle/context.ts';

export interface TopContext extends ContainerEvents {
  readonly containers: Pick<ContainerStore, 'find'>;
  readonly host: {
    readonly processes: Pick<Processes, 'capture'>;
    readonly cgroups: Pick<Cgroups, 'pids'>;
  };
  readonly runner: Pick<Runner, 'cgroupOf'>;
}

interface TopResponse {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/** The container's processes as the host's ps shows them. @param psArgs must leave a PID column in. */
export async function topContainer(ctx: TopContext, ref: string, psArgs: string): Promise<TopResponse> {
  const container = ctx.containers.find(ref);
  const { definition, state } = container;
  if (!isRunning(state)) throw conflict(`container ${definition.id} is not running`);
  assertOutputArguments(psArgs);
  const { processes } = ctx.host;
  const { exitCode, stdout, stderr } = await processes.capture('ps', psArgs.split(/\s+/).filter(Boolean));
  if (exitCode !== 0) throw invalidParameter(`ps ${psArgs} failed: ${stderr.trim()}`);
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn === -1) throw invalidParameter("Couldn't find PID field in ps output");
  const pids = new Set(ctx.host.cgroups.pids(ctx.runner.cgroupOf(definition)).map(String));
  const rows = lines
    .map((line) => fields(line, titles.length))
    .filter((row) => pids.has(row[pidColumn] ?? ''));
  emitContainer(ctx, container, 'top');
  return { Titles: titles, Processes: rows };
}

/** Further options can name columns whose headings are ambiguous. */
function assertOutputArguments(psArgs: string): void {
  const named = psArgs.match(/\bo?\s*pid\s*=\s*(\S*)/)?.[1];
  if (named !== undefined && named !== 'PID') {
    throw invalidParameter(`specifying "${psArgs}" is not allowed`);
  }
}

/** As many columns as there are titles; the last one, the command, keeps its blanks. */
function fields(line: string, count: number): string[] {
  const parts = line.trim().split(/\s+/);
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(' ')];
}
