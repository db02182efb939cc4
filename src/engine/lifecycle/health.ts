import type { Health, HealthResult } from '../../api/engine/containers.ts';
import { FrameReader } from '../../container/frames.ts';
import { healthOf, isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { HealthSpec } from '../../container/spec.ts';
import { messageOf } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { SIGKILL } from '../../core/signals.ts';
import { goDuration } from '../../core/units.ts';
import { type ContainerContext, type ContainerEvents, emitContainer } from './context.ts';
import { type ExecContext, execProcess, execUser } from './exec-process.ts';

type ProbeContext = ExecContext & ContainerEvents & Pick<ContainerContext, 'containers' | 'runner'>;
export type HealthContext = ProbeContext & Pick<ContainerContext, 'life'>;

/** Bytes. */
const MAX_OUTPUT = 4096;
type Probe = Extract<HealthSpec, { readonly kind: 'probe' }>;

const milliseconds = (nanoseconds: number) => nanoseconds / 1e6;

/** The probe's command; undefined when there is none or it is switched off. */
function probeCommand({ definition }: Container): readonly string[] | undefined {
  const { health, process } = definition.spec;
  if (health.kind === 'none') return undefined;
  const { command } = health;
  return command.kind === 'shell' ? [...process.shell, command.script] : command.args;
}

/** Whether a container has a health check that is switched on. */
export const hasProbe = (container: Container): boolean => probeCommand(container) !== undefined;

/** Probes a running container, at its intervals, until this run of it ends. */
export function watchHealth(ctx: HealthContext, id: string): void {
  const container = ctx.containers.get(id);
  const command = probeCommand(container);
  const config = container.definition.spec.health;
  if (!command || config.kind === 'none' || !isRunning(container.state)) return;
  const { startedAt } = container.state;
  const isThisRun = () => {
    if (!ctx.containers.has(id)) return false;
    const { state } = ctx.containers.get(id);
    return isRunning(state) && state.startedAt === startedAt;
  };
  const next = () => {
    const timer = setTimeout(
      () => void turn(),
      delay(config, startedAt, healthOf(ctx.containers.get(id).state)),
    );
    timer.unref();
  };
  const turn = async () => {
    if (!isThisRun()) return;
    if (ctx.containers.get(id).state.status === 'running') {
      const result = await probe(ctx, id, command, milliseconds(config.timeout));
      await ctx.life.dispatch(id, { type: 'health', startedAt, at: Date.now(), result });
      if (!isThisRun()) return;
    }
    next();
  };
  next();
}

/** While a container starts, probes may come more often. */
function delay(config: Probe, startedAt: number, health: Health | undefined): number {
  const usual = milliseconds(config.interval);
  const starting = health?.Status === 'starting' && Date.now() - startedAt < milliseconds(config.startPeriod);
  return starting ? Math.min(usual, milliseconds(config.startInterval)) : usual;
}

async function probe(
  ctx: ProbeContext,
  id: string,
  command: readonly string[],
  timeout: number,
): Promise<HealthResult> {
  const began = new Date().toISOString();
  const kept: Buffer[] = [];
  let size = 0;
  const collect = new FrameReader((_, chunk) => {
    if (size < MAX_OUTPUT) kept.push(chunk.subarray(0, MAX_OUTPUT - size));
    size += chunk.length;
  });
  const finish = (exitCode: number, said: string): HealthResult => ({
    Start: began,
    End: new Date().toISOString(),
    ExitCode: exitCode,
    Output: said,
  });
  try {
    const container = ctx.containers.get(id);
    const execId = newId();
    const words = command.join(' ');
    emitContainer(ctx, container, `exec_create: ${words}`, { execID: execId });
    emitContainer(ctx, container, `exec_start: ${words}`, { execID: execId });
    const { link, attached } = await ctx.runner.exec({
      definition: container.definition,
      execId,
      process: execProcess(ctx, container, { Cmd: command }, await execUser(ctx, container, undefined)),
      stdin: false,
      attach: [{ stdin: false, stdout: true, stderr: true, raw: false }],
    });
    attached[0]?.on('data', (chunk: Buffer) => collect.push(chunk)).on('error', () => {});
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      link.kill(SIGKILL);
    }, timeout);
    const { code } = await link.exit.finally(() => clearTimeout(timer));
    await link.gone;
    emitContainer(ctx, container, 'exec_die', { execID: execId, exitCode: `${code}` });
    const output = `${Buffer.concat(kept)}${size > MAX_OUTPUT ? '...' : ''}`;
    if (!late) return finish(code, output);
    const exceeded = `Health check exceeded timeout (${goDuration(timeout)})`;
    return finish(-1, output ? `${exceeded}: ${output}` : exceeded);
  } catch (error) {
    return finish(-1, messageOf(error));
  }
}
