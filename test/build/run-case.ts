import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { openApi } from '../harness/api.ts';
import { type TarEntry, tarOf } from '../harness/crafted-image.ts';
import type { TestDaemon } from '../harness/daemon.ts';
import type { BuildCase, ContextFile } from './case.ts';

export interface Found {
  readonly kind: string;
  readonly short: string;
  readonly full: string;
}

/** Builds one case by the API and compares the result. */
export async function runCase(daemon: TestDaemon, given: BuildCase): Promise<void> {
  const messages = await build(daemon, given);
  const failure = messages.find((message) => message.error)?.error as string | undefined;
  if (given.fails) {
    assert.match(failure ?? 'the build went well', given.fails);
    return;
  }
  assert.equal(failure, undefined);
  if (given.says) assert.match(messages.map(({ stream = '' }) => stream).join(''), given.says);
  const id = messages.find(({ aux }) => aux)?.aux?.ID as string;
  if (given.config) await compareConfig(daemon, id, given.config);
  if (given.tree) compareTree(await filesOf(daemon, id), given.tree);
}

interface Message {
  readonly stream?: string;
  readonly error?: string;
  readonly aux?: { readonly ID: string };
}

async function build(
  daemon: TestDaemon,
  { dockerfile, files = {}, query = {} }: BuildCase,
): Promise<Message[]> {
  const entries = Object.entries({ Dockerfile: dockerfile, ...files }).map(([name, file]) =>
    entryOf(name, file),
  );
  const response = await openApi(daemon.socket, {
    method: 'POST',
    path: `/build?${new URLSearchParams(query)}`,
    body: await tarOf(entries),
    headers: { 'Content-Type': 'application/x-tar' },
  });
  const text = (await buffer(response)).toString();
  if ((response.statusCode ?? 0) >= 400) return [{ error: JSON.parse(text).message }];
  return text
    .split('\r\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Message);
}

function entryOf(name: string, file: ContextFile): TarEntry {
  if (typeof file === 'string') return { name, mode: 0o644, content: file };
  if ('link' in file) return { name, type: 'symlink', linkname: file.link };
  if ('directory' in file) return { name: `${name}/`, type: 'directory', mode: file.mode ?? 0o755 };
  return { name, mode: file.mode ?? 0o644, content: file.content };
}

async function compareConfig(daemon: TestDaemon, id: string, wanted: Record<string, unknown>): Promise<void> {
  const { Config } = (await daemon.api(`/images/${id}/json`)).json();
  const found = Object.fromEntries(Object.keys(wanted).map((key) => [key, Config[key]]));
  assert.deepEqual(found, wanted);
}

async function filesOf(daemon: TestDaemon, id: string): Promise<Map<string, Found>> {
  const response = await openApi(daemon.socket, { path: `/barge/images/${id}/files` });
  assert.equal(response.statusCode, 200);
  return await filesIn(response);
}

/** The entries of a root file system's tar, by absolute path. */
export async function filesIn(tar: Readable): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  const unpack = extract();
  unpack.on('entry', (header, content, next) => {
    buffer(content as unknown as Readable).then((bytes) => {
      found.set(
        `/${header.name.replace(/^\.\//, '').replace(/\/$/, '')}`,
        describe(header, bytes.toString()),
      );
      next();
    }, next);
  });
  await pipeline(tar, unpack);
  return found;
}

function describe({ type, mode = 0, uid = 0, gid = 0, linkname }: Header, content: string): Found {
  const rights = `${(mode & 0o7777).toString(8)}${type === 'directory' ? '/' : ''} ${uid}:${gid}`;
  const short = type === 'symlink' ? `-> ${linkname}` : content;
  return { kind: type ?? 'file', short, full: type === 'file' ? `${rights} ${content}` : rights };
}

export function compareTree(found: ReadonlyMap<string, Found>, wanted: NonNullable<BuildCase['tree']>): void {
  const actual: Record<string, unknown> = {};
  const expected: Record<string, unknown> = {};
  for (const [path, want] of Object.entries(wanted)) {
    const file = found.get(path);
    if (want instanceof RegExp) {
      assert.match(file?.full ?? `nothing at ${path}`, want);
      continue;
    }
    const full = want !== null && /^[0-7]+\/? \d+:\d+/.test(want);
    actual[path] = file === undefined ? null : full ? file.full : file.short;
    expected[path] = want;
  }
  assert.deepEqual(actual, expected);
}
