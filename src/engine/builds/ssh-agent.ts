import { chmod, chown, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { SshAgent } from '../../builder/worker.ts';
import { systemError } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';

/** Listens at `path`, and passes every connection to the client's agent. Disposal ends them all. */
export async function forwardAgent(
  path: string,
  agent: SshAgent,
  owner: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<AsyncDisposable> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    join(socket, agent).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(systemError(`listening at ${path} failed`, { cause })));
    server.listen(path, resolve);
  });
  failsElsewhere(server); /* a connection that cannot be accepted is not the server's end */
  await chown(path, owner.uid, owner.gid);
  await chmod(path, owner.mode);
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}

async function join(socket: Socket, agent: SshAgent): Promise<void> {
  const far = await agent.connect();
  try {
    await pipeline(socket, far, socket);
  } finally {
    far.destroy();
  }
}
