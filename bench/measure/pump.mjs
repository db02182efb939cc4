/**
 * Moves bytes over one TCP connection, in the network namespace that it runs in. `pump.mjs serve PORT` takes whatever
 * comes and closes each connection at its end; `pump.mjs send HOST PORT MEBIBYTES` prints the seconds until then.
 */
import { connect, createServer } from 'node:net';

const [mode, ...rest] = process.argv.slice(2);
const CHUNK = Buffer.alloc(1 << 20);

if (mode === 'serve') {
  createServer((socket) => socket.resume().on('error', () => {})).listen(Number(rest[0]), '0.0.0.0');
} else {
  const [host, port, amount] = rest;
  const socket = connect(Number(port), host);
  let left = Number(amount);
  let began = 0;
  const send = () => {
    while (left-- > 0) if (!socket.write(CHUNK)) return;
    socket.end();
  };
  socket.on('connect', () => {
    began = performance.now();
    send();
  });
  socket.on('drain', send);
  socket.resume().on('end', () => process.stdout.write(`${(performance.now() - began) / 1000}\n`));
}
