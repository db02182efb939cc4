import { invalidParameter } from '../../core/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import {
  type ArchivedPath,
  copyFromContainer,
  copyToContainer,
  exportContainer,
  statInContainer,
} from '../../engine/files/archive.ts';
import { containerChanges } from '../../engine/files/changes.ts';
import { flag } from '../../http/query.ts';
import { bodyOf, leave } from '../../http/request-body.ts';
import { sendStream } from '../../http/send-stream.ts';
import type { ApiExchange, Routes } from '../routes.ts';

const TAR = { 'Content-Type': 'application/x-tar' };
const STAT_HEADER = 'X-Docker-Container-Path-Stat';

export function archiveRoutes(routes: Routes, engine: Engine): void {
  routes.on('HEAD', '/containers/{id...}/archive', async (exchange) => {
    const stat = await statInContainer(engine, idOf(exchange), pathOf(exchange));
    exchange.response.stream(200, { [STAT_HEADER]: encodeStat(stat) }).end();
  });
  routes.on('GET', '/containers/{id...}/archive', (exchange) =>
    copyFromContainer(engine, idOf(exchange), pathOf(exchange), async (stat, tar) => {
      await sendStream(exchange, { ...TAR, [STAT_HEADER]: encodeStat(stat) }, tar);
    }),
  );
  routes.on('PUT', '/containers/{id...}/archive', async (exchange) => {
    const { query, request } = exchange;
    const tar = bodyOf(request);
    try {
      await copyToContainer(engine, idOf(exchange), pathOf(exchange), tar, {
        keepKinds: flag(query, 'noOverwriteDirNonDir'),
        asUser: flag(query, 'copyUIDGID'),
      });
    } finally {
      await leave(request, tar);
    }
    exchange.response.empty(200);
  });
  routes.on('GET', '/containers/{id...}/export', (exchange) =>
    exportContainer(engine, idOf(exchange), async (tar) => {
      await sendStream(exchange, TAR, tar);
    }),
  );
  routes.on('GET', '/containers/{id...}/changes', async (exchange) => {
    exchange.response.json(200, await containerChanges(engine, idOf(exchange)));
  });
}

const idOf = ({ params }: ApiExchange) => params.id ?? '';

function pathOf({ query }: ApiExchange): string {
  const path = query.get('path');
  if (!path) throw invalidParameter("bad parameter: 'path' cannot be empty");
  return path;
}

/** Bits of Go's `fs.FileMode` by the kernel's file type. */
const GO_TYPE = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
  [0o020000, 2 ** 26 + 2 ** 21],
]);
const GO_SETUID = 2 ** 23;
const GO_SETGID = 2 ** 22;
const GO_STICKY = 2 ** 20;

function goMode(mode: number): number {
  const special =
    (mode & 0o4000 ? GO_SETUID : 0) + (mode & 0o2000 ? GO_SETGID : 0) + (mode & 0o1000 ? GO_STICKY : 0);
  return (GO_TYPE.get(mode & 0o170000) ?? 0) + special + (mode & 0o777);
}

function encodeStat({ name, size, mode, mtime, linkTarget }: ArchivedPath): string {
  const time = new Date(Number(mtime / 1_000_000n)).toISOString();
  return Buffer.from(JSON.stringify({ name, size, mode: goMode(mode), mtime: time, linkTarget })).toString(
    'base64',
  );
}
