/**
 * Loads a registry: `registry-load.mjs ADDRESS MEBIBYTES-PER-BLOB BLOBS REQUESTS CONNECTIONS`. Pushes generated blobs,
 * pulls them, pushes a manifest and requests it repeatedly. Prints JSON: bytes and requests per second, and the 99th
 * percentile of the request times, in milliseconds.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';

const [address = '', ...numbers] = process.argv.slice(2);
const [mebibytes = 0, blobs = 0, requests = 0, connections = 0] = numbers.map(Number);
const [host, port] = address.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const TYPE = 'application/vnd.oci.image.manifest.v1+json';
const AT_ONCE = 4;
const REPOSITORY = 'load/image';

/** The response, whose body the caller must consume. */
async function ask(method, path, { headers = {}, body } = {}) {
  const sent = request({ host, port, agent, method, path, headers });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  if (answer.statusCode > 299) throw new Error(`${method} ${path} failed with status ${answer.statusCode}`);
  return answer;
}

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function done(answer) {
  for await (const _ of answer);
}

async function upload({ digest, bytes }) {
  const started = await ask('POST', `/v2/${REPOSITORY}/blobs/uploads/`);
  await done(started);
  const at = new URL(started.headers.location, `http://${address}`);
  at.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.length };
  await done(await ask('PUT', `${at.pathname}${at.search}`, { headers, body: bytes }));
}

async function download({ digest, bytes }) {
  let length = 0;
  for await (const chunk of await ask('GET', `/v2/${REPOSITORY}/blobs/${digest}`)) length += chunk.length;
  if (length !== bytes.length) throw new Error(`${digest} returned ${length} bytes`);
}

async function atOnce(many, limit, work) {
  const waiting = [...many];
  const worker = async () => {
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) await work(one);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: limit }, worker));
  return (performance.now() - began) / 1000;
}

/** All responses have the same length, so that counting bytes counts responses. */
async function askAgain(path, count) {
  const text = `GET ${path} HTTP/1.1\r\nHost: ${address}\r\nAccept: ${TYPE}\r\n\r\n`;
  const length = await answerLength(text);
  const times = [];
  let left = count;
  const worker = async () => {
    const socket = connect(Number(port), host).setNoDelay(true);
    await once(socket, 'connect');
    await new Promise((finished, failed) => {
      let [began, received] = [0, 0];
      const next = () => {
        if (left-- <= 0) return finished(socket.destroy());
        began = performance.now();
        received = 0;
        socket.write(text);
      };
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (received > length) failed(new Error('a response is longer than the first one'));
        if (received < length) return;
        times.push(performance.now() - began);
        next();
      });
      socket.on('error', failed);
      next();
    });
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - began) / 1000;
  return { perSecond: count / seconds, slow: times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] };
}

async function answerLength(text) {
  const socket = connect(Number(port), host);
  socket.write(text);
  let said = '';
  for await (const chunk of socket) {
    said += chunk.toString('latin1');
    const head = said.indexOf('\r\n\r\n');
    if (head < 0) continue;
    if (!said.startsWith('HTTP/1.1 200'))
      throw new Error(`the request of a manifest failed: ${said.slice(0, 99)}`);
    const body = Number(/^content-length: *(\d+)/im.exec(said)?.[1]);
    if (said.length >= head + 4 + body) break;
  }
  socket.destroy();
  return said.length;
}

function makeBlob(size) {
  const bytes = randomBytes(size);
  return { bytes, digest: digestOf(bytes) };
}

async function pushManifest(config) {
  const layers = Array.from({ length: 8 }, () => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: config.digest,
    size: config.bytes.length,
  }));
  const described = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest };
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: TYPE,
    config: { ...described, size: config.bytes.length },
    layers,
  });
  const headers = { 'content-type': TYPE, 'content-length': Buffer.byteLength(body) };
  await done(await ask('PUT', `/v2/${REPOSITORY}/manifests/latest`, { headers, body }));
}

const all = Array.from({ length: blobs }, () => makeBlob(mebibytes << 20));
const bytes = blobs * (mebibytes << 20);
const up = bytes / (await atOnce(all, AT_ONCE, upload));
const down = bytes / (await atOnce(all, AT_ONCE, download));
const config = { bytes: Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}') };
config.digest = digestOf(config.bytes);
await upload(config);
await pushManifest(config);
const path = `/v2/${REPOSITORY}/manifests/latest`;
await askAgain(path, 500);
const { perSecond, slow } = await askAgain(path, requests);
process.stdout.write(`${JSON.stringify({ up, down, perSecond, slow })}\n`);
agent.destroy();
