import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { defineCommand } from '../command.ts';
import { connectFailure } from '../transport/exchange.ts';
import { openConnection } from '../transport/open.ts';

/** The remote end of an ssh connection: joins the standard streams to the daemon's address, byte for byte. */
export const command = defineCommand({
  usage: '',
  flags: [],
  args: { min: 0, max: 0 },
  async run({ cli }) {
    const { endpoint } = cli.engine;
    const socket = await openConnection(endpoint);
    try {
      await join(socket);
    } catch (error) {
      throw connectFailure(error, endpoint);
    }
    return 0;
  },
});

/** Each direction ends by itself; the command ends when the daemon closes its side. */
async function join(socket: Duplex): Promise<void> {
  const { stdin, stdout } = process;
  const closed = once(socket, 'close');
  stdin.on('error', () => socket.end());
  stdin.pipe(socket);
  socket.pipe(stdout, { end: false });
  await closed;
  stdin.unpipe(socket);
  stdin.pause();
}
