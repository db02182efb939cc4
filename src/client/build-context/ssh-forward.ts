import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { EngineClient, HijackedStream } from '../transport/engine.ts';

/**
 * Offers one connection at a time to the daemon, and joins each that the daemon uses with the agent at `socket`. Ends
 * with `signal`, or when the daemon accepts no more.
 */
export async function forwardAgent(
  engine: EngineClient,
  path: string,
  id: string,
  socket: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    while (!signal.aborted) {
      const offered = await engine.hijack(path, { query: { agent: id }, signal });
      const { value, done } = await offered.body.next();
      if (done) return;
      join(offered, value, socket).catch(() => offered.socket.destroy());
    }
  } catch {
    /* The build has ended, or it fails for the same reason and reports it. */
  }
}

async function join({ body, socket: far }: HijackedStream, first: Buffer, path: string): Promise<void> {
  const agent: Socket = createConnection(path);
  await once(agent, 'connect');
  agent.write(first);
  agent.pipe(far);
  agent.on('close', () => far.destroy());
  for await (const chunk of body) if (!agent.write(chunk)) await once(agent, 'drain');
  agent.end();
}
