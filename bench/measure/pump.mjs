/**
 * TCP in the network namespace that it runs in. `pump.mjs serve PORT` reads everything, answers the first byte with one
 * byte, and closes each connection at its end; `pump.mjs send HOST PORT MEBIBYTES` prints the seconds that sending
 * took; `pump.mjs connect HOST PORT COUNT` prints connections per second, each opened, used for a byte and closed.
 */
import { connect, createServer } from 'node:net';

const [mode, ...rest] = process.argv.slice(2);
const CHUNK = Buffer.alloc(1 << 20);
const AT_ONCE = 8;

function serve(port) {
  const server = createServer((socket) => {
    socket.once('data', () => socket.write('.'));
    socket.resume().on('error', () => {});
  });
  server.listen({ port: Number(port), host: '0.0.0.0', backlog: 1024 });
}

function send(host, port, amount) {
  const socket = connect(Number(port), host);
  let left = Number(amount);
  let began = 0;
  const go = () => {
    while (left-- > 0) if (!socket.write(CHUNK)) return;
    socket.end();
  };
  socket.on('connect', () => {
    began = performance.now();
    go();
  });
  socket.on('drain', go);
  socket.resume().on('end', () => process.stdout.write(`${(performance.now() - began) / 1000}\n`));
}

async function open(host, port, count) {
  let left = Number(count);
  const began = performance.now();
  const worker = async () => {
    while (left-- > 0) await useOnce(host, port);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  process.stdout.write(`${(1000 * Number(count)) / (performance.now() - began)}\n`);
}

function useOnce(host, port) {
  return new Promise((done, failed) => {
    const socket = connect({ port: Number(port), host, noDelay: true });
    socket.on('connect', () => socket.write('.'));
    socket.on('data', () => socket.end());
    socket.on('close', done);
    socket.on('error', failed);
  });
}

const modes = { serve, send, connect: open };
await modes[mode](...rest);
