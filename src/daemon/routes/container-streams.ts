import type { Duplex } from 'node:stream';
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../../api/engine/system.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseTimestamp } from '../../core/timestamp.ts';
import type { Engine } from '../../engine/engine.ts';
import {
  assertAttachable,
  attachContainer,
  noteDetach,
  resizeContainer,
} from '../../engine/lifecycle/attach.ts';
import { containerLogs } from '../../engine/query/logs.ts';
import { flag } from '../../http/query.ts';
import { writeLogs } from '../logs.ts';
import type { ApiExchange, Routes } from '../routes.ts';
import { bridge, parseDetachKeys } from '../streams.ts';

const idOf = ({ params }: ApiExchange) => params.id ?? '';

/** Operations whose answers are streams: attach, logs, stats. */
export function containerStreamRoutes(routes: Routes, engine: Engine): void {
  routes.on(
    'POST',
    '/containers/{id...}/attach',
    async (exchange) => {
      const { tty } = engine.containers.find(idOf(exchange)).definition.spec.process;
      await attach(engine, exchange, tty, () =>
        exchange.response.hijack(tty ? RAW_STREAM : streamType(exchange)),
      );
    },
    { hijacks: true },
  );
  routes.on(
    'GET',
    '/containers/{id...}/attach/ws',
    async (exchange) => {
      engine.containers.find(idOf(exchange));
      const { acceptWebSocket } = await import('../../http/websocket.ts');
      await attach(engine, exchange, true, () => acceptWebSocket(exchange));
    },
    { hijacks: true },
  );
  routes.on('POST', '/containers/{id...}/resize', (exchange) => {
    const { rows, columns } = terminalSize(exchange.query);
    resizeContainer(engine, idOf(exchange), rows, columns);
    exchange.response.empty(200);
  });
  routes.on('GET', '/containers/{id...}/logs', (exchange) => logs(engine, exchange));
  routes.on('GET', '/containers/{id...}/stats', (exchange) => stats(engine, exchange));
}

/** @param raw without frames, as terminals have it, and WebSockets. */
async function attach(
  engine: Engine,
  exchange: ApiExchange,
  raw: boolean,
  open: () => Duplex | Promise<Duplex>,
): Promise<void> {
  const { query, signal } = exchange;
  const container = engine.containers.find(idOf(exchange));
  /* Before the connection is taken over, for then there is no status to answer with. */
  assertAttachable(container);
  const { definition } = container;
  const { process: described } = definition.spec;
  const keys =
    described.tty || query.get('detachKeys') ? parseDetachKeys(query.get('detachKeys')) : undefined;
  const stdin = flag(query, 'stdin') && described.stdin;
  const options = { stdin, stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr'), raw };
  const past = flag(query, 'logs')
    ? containerLogs(engine, definition.id, { ...options, follow: false, signal })
    : undefined;
  const client = await open();
  if (past) await writeLogs(client, { ...past, tty: raw }, { timestamps: false });
  if (!flag(query, 'stream')) {
    client.end();
    return;
  }
  try {
    const process = await attachContainer(engine, definition.id, options, signal);
    const { detached } = await bridge(client, process, { detachKeys: keys, input: stdin });
    if (detached) noteDetach(engine, definition.id);
  } catch (error) {
    client.end();
    throw error;
  }
}

async function logs(engine: Engine, exchange: ApiExchange): Promise<void> {
  const { query, response, signal } = exchange;
  const since = timeOf(query, 'since');
  const until = timeOf(query, 'until');
  const tail = query.get('tail') ?? 'all';
  const found = containerLogs(engine, idOf(exchange), {
    stdout: flag(query, 'stdout'),
    stderr: flag(query, 'stderr'),
    follow: flag(query, 'follow'),
    ...(since ? { since } : {}),
    ...(until ? { until } : {}),
    ...(/^\d+$/.test(tail) ? { tail: Number(tail) } : {}),
    signal,
  });
  const type = found.tty ? RAW_STREAM : streamType(exchange);
  const out = response.stream(200, { 'Content-Type': type });
  await writeLogs(out, found, {
    timestamps: flag(query, 'timestamps'),
    details: flag(query, 'details'),
  });
  out.end();
}

async function stats(engine: Engine, exchange: ApiExchange): Promise<void> {
  const { query, response, signal } = exchange;
  const stream = flag(query, 'stream', true);
  const oneShot = flag(query, 'one-shot');
  if (stream && oneShot) throw invalidParameter('cannot have stream=true and one-shot=true');
  engine.containers.find(idOf(exchange));
  const { containerStats } = await import('../../engine/query/stats.ts');
  const out = response.stream(200, { 'Content-Type': 'application/json' });
  for await (const sample of containerStats(engine, idOf(exchange), { stream, oneShot, signal })) {
    out.write(`${JSON.stringify(sample)}\n`);
  }
  out.end();
}

/** Clients before 1.42 know one name for both kinds of streams. */
function streamType({ version }: ApiExchange): string {
  return Number(version.split('.')[1]) >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM;
}

/** Nanoseconds since 1970; absent, empty and 0 mean that there is no bound. */
function timeOf(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  return text && text !== '0' ? parseTimestamp(text) : undefined;
}

/** Rows and columns of `h` and `w`, which a terminal keeps in 16 bits. @throws BargeError invalid-parameter. */
/** Rows or columns that the kernel's `struct winsize` can tell. */
const MAX_TERMINAL = 0xffff;

export function terminalSize(query: URLSearchParams): { rows: number; columns: number } {
  const size = (name: string, word: string) => {
    const text = query.get(name) ?? '';
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    const problem = Number.isNaN(value) ? 'syntax' : value < 0 || value > 0xffff_ffff ? 'range' : undefined;
    if (problem) {
      const words = problem === 'syntax' ? 'invalid syntax' : 'value out of range';
      throw invalidParameter(`invalid resize ${word} "${text}": ${words}`);
    }
    return Math.min(value, MAX_TERMINAL);
  };
  return { rows: size('h', 'height'), columns: size('w', 'width') };
}
