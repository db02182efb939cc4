/**
 * Queries a name server from the network namespace that it runs in: `name-queries.mjs SERVER NAME COUNT`. Several
 * queries are always in flight. Prints the average time of a query in microseconds.
 */
import { createSocket } from 'node:dgram';

const [server = '', name = '', count = '0'] = process.argv.slice(2);
const UNDER_WAY = 32;
const LOST_MS = 2000;

function query(id) {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const head = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

const socket = createSocket('udp4');
const wanted = Number(count);
let sent = 0;
let answered = 0;
const began = performance.now();
const send = () => {
  if (sent < wanted) socket.send(query(sent++ & 0xffff), 53, server);
};
const lost = setTimeout(() => {
  console.error(`only ${answered} of ${wanted} queries were answered`);
  process.exit(1);
}, LOST_MS + wanted);
socket.on('message', (answer) => {
  if ((answer[3] & 15) !== 0 || answer[7] === 0) throw new Error(`${name} is unknown to ${server}`);
  answered++;
  send();
  if (answered < wanted) return;
  process.stdout.write(`${((performance.now() - began) * 1000) / wanted}\n`);
  clearTimeout(lost);
  socket.close();
});
for (let i = 0; i < UNDER_WAY; i++) send();
