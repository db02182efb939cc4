import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeShims } from '../../container/testing/fake-shim.ts';
import type { Digest } from '../../core/digest.ts';
import { parseReference, withDefaultTag } from '../../core/reference.ts';
import { type Engine, openEngine } from '../../engine/engine.ts';
import { engineSettings } from '../../engine/settings.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import type { HttpServer } from '../../http/server.ts';
import { request, type TestRequest, type TestResponse } from '../../http/testing/request.ts';
import { routesOf } from '../daemon.ts';
import { upgradeDefinition } from '../decode/upgrade.ts';
import { createApiServer } from '../server.ts';

/** A whole daemon whose host only records: every route, no root, no socket, no process. */
export interface TestDaemon extends AsyncDisposable {
  readonly engine: Engine;
  readonly host: RecordingHost;
  readonly shims: FakeShims;
  readonly server: HttpServer;
  /** What the daemon has warned of. */
  readonly warnings: string[];
  /** Sends a request. @param path with a version, or without for the newest. */
  ask(method: string, path: string, body?: unknown, options?: TestRequest): Promise<TestResponse>;
  /** Adds an image without layers. @returns its id. */
  addImage(name: string, config?: object): Digest;
}

export async function openTestDaemon(): Promise<TestDaemon> {
  const root = mkdtempSync(join(tmpdir(), 'barge-daemon-'));
  const host = new RecordingHost();
  const shims = new FakeShims(host);
  const warnings: string[] = [];
  /* Private directories are made in truth: stores open files in them. */
  host.on('ownership.makePrivate', (path: string) => void mkdirSync(path, { recursive: true }));
  const engine = await openEngine({
    host,
    dataRoot: join(root, 'data'),
    execRoot: join(root, 'run'),
    bridge: 'none',
    cgroupParent: '/barge',
    poolSize: 0,
    settings: engineSettings(),
    upgradeDefinition,
    warn: (message) => warnings.push(message),
  });
  const server = createApiServer(routesOf(engine), { version: '1.2.3', experimental: false }, () => {});
  return {
    engine,
    host,
    shims,
    server,
    warnings,
    ask: (method, path, body, options = {}) =>
      request(server, path, { method, ...(body === undefined ? {} : { body }), ...options }),
    addImage: (name, config = {}) => {
      const document = {
        architecture: 'amd64',
        os: 'linux',
        config,
        rootfs: { type: 'layers', diff_ids: [] },
        history: [],
      };
      const { id } = engine.images.add(Buffer.from(JSON.stringify(document)));
      engine.images.tag(withDefaultTag(parseReference(name)), id);
      return id;
    },
    [Symbol.asyncDispose]: async () => {
      await server.close(0);
      await engine[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
