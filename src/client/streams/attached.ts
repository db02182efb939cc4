import type { WaitResponse } from '../../api/engine/containers.ts';
import { systemError } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import type { HijackedStream } from '../transport/engine.ts';

interface AttachQuery {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
  readonly logs?: boolean;
}

/** Attaches to container `id`; the daemon has subscribed when this resolves. */
export function attachContainer(cli: Cli, id: string, query: AttachQuery): Promise<HijackedStream> {
  const { detachKeys, ...streams } = query;
  return cli.engine.hijack(`/containers/${id}/attach`, {
    query: { stream: true, ...streams, ...(detachKeys === '' ? {} : { detachKeys }) },
  });
}

/**
 * Starts waiting for container `id` to end; the outer promise resolves once the daemon waits, so that a start
 * after it cannot be missed, the inner one with the exit code.
 */
export async function waitContainer(
  cli: Cli,
  id: string,
  condition: 'next-exit' | 'removed' | 'not-running',
): Promise<{ readonly exitCode: Promise<number> }> {
  const { body } = await cli.engine.request('POST', `/containers/${id}/wait`, { query: { condition } });
  const exitCode = body.json<WaitResponse>().then(({ StatusCode, Error: failure }) => {
    if (failure?.Message) throw systemError(failure.Message);
    return StatusCode;
  });
  // The caller may fail before it asks for the code; that failure is the one to report.
  exitCode.catch(() => {});
  return { exitCode };
}
