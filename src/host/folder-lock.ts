import { createServer, type Server } from 'node:net';
import { digestOf, hexOf } from '../core/digest.ts';
import { conflict, errnoOf, systemError } from '../core/errors.ts';

/**
 * Makes a folder this process's own by an abstract socket, which the kernel frees however the process ends.
 * @param busy what to say when another process has it. @returns what gives it back.
 * @throws BargeError conflict, with `busy`.
 */
export function lockFolder(path: string, busy: string): Promise<Server> {
  const name = `\0barge-${hexOf(digestOf(path)).slice(0, 32)}`;
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        errnoOf(error) === 'EADDRINUSE'
          ? conflict(busy)
          : systemError(`locking the folder ${path} failed`, { cause: error }),
      ),
    );
    server.listen({ path: name }, () => {
      server.unref();
      resolve(server);
    });
  });
}
