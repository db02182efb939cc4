import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { posix } from 'node:path';
import { invalidParameter, isKind } from '../../core/errors.ts';
import type { EngineClient } from '../transport/engine.ts';
import type { ContextFilter } from './ignore.ts';
import { type ListedEntry, listContext } from './listing.ts';
import { packEntries } from './pack.ts';
import { forwardAgent } from './ssh-forward.ts';

interface SessionContents {
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** Sockets of ssh agents by id. */
  readonly agents: ReadonlyMap<string, string>;
  /** The Dockerfile, when it is not in any context. */
  readonly dockerfile?: { readonly name: string; readonly text: string };
}

/** The response of `compare`; `Complete` means that nothing need be sent. */
interface Compared {
  readonly Missing: readonly number[];
  readonly Complete?: boolean;
}

const BATCH = 64 * 1024;

/**
 * What a build needs beside the parameters of `/build`, sent to a Barge daemon before it (docs/BUILD.md). Disposing it
 * stops the forwarding of agents.
 */
export class ClientSession implements Disposable {
  readonly id: string;
  readonly #engine: EngineClient;
  readonly #stop = new AbortController();

  private constructor(engine: EngineClient, id: string) {
    this.#engine = engine;
    this.id = id;
  }

  /** Undefined when the server is not Barge and the build needs nothing that only Barge supports. */
  static async open(engine: EngineClient, contents: SessionContents): Promise<ClientSession | undefined> {
    const { secrets, agents, dockerfile } = contents;
    const json = {
      Secrets: Object.fromEntries(
        [...secrets].map(([id, value]) => [id, Buffer.from(value).toString('base64')]),
      ),
      Ssh: [...agents.keys()],
      ...(dockerfile ? { Dockerfile: { Name: dockerfile.name, Text: dockerfile.text } } : {}),
    };
    const id = await createSession(engine, json);
    if (!id) {
      if (secrets.size + agents.size === 0) return undefined;
      throw invalidParameter('--secret and --ssh need a Barge daemon: this server does not support them');
    }
    const session = new ClientSession(engine, id);
    for (const [id, socket] of agents) {
      void forwardAgent(engine, `/barge/sessions/${session.id}/ssh`, id, socket, session.#stop.signal);
    }
    return session;
  }

  /** Sends the entries of a directory that the daemon lacks. @param name '' is the main context. */
  async sendDirectory(name: string, directory: string, filter: ContextFilter): Promise<void> {
    const entries = listContext(directory, filter);
    const path = `/barge/sessions/${this.id}`;
    const { Missing, Complete } = await this.#engine.post<Compared>(`${path}/compare`, {
      query: { name, key: keyOf(directory) },
      stream: linesOf(entries),
    });
    if (Complete) return;
    const paths = withParents(Missing.map((index) => entries[index]?.path ?? ''));
    await this.#engine.call('POST', `${path}/files`, {
      query: { name },
      stream: packEntries(directory, paths),
    });
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

/** Undefined from a server without sessions. */
async function createSession(engine: EngineClient, json: unknown): Promise<string | undefined> {
  try {
    const { body } = await engine.request('POST', '/barge/sessions', { json });
    return /"Id":"(\w+)"/.exec(await body.text())?.[1];
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined;
    throw error;
  }
}

/** An id that is stable for a directory of a machine. */
function keyOf(directory: string): string {
  return createHash('sha256')
    .update(`${hostname()}\0${realpathSync(directory)}`)
    .digest('hex');
}

async function* linesOf(entries: readonly ListedEntry[]): AsyncGenerator<Buffer> {
  let text = '';
  for (const { path, kind, stamp } of entries) {
    text += `${JSON.stringify([path, kind, stamp])}\n`;
    if (text.length < BATCH) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}\n`);
}

/** The parents of changed files are sent with them: writing into a directory changes its time at the daemon. */
function withParents(paths: readonly string[]): string[] {
  const all = new Set(paths);
  for (const path of paths) {
    for (
      let parent = posix.dirname(path);
      parent !== '.' && !all.has(parent);
      parent = posix.dirname(parent)
    ) {
      all.add(parent);
    }
  }
  return [...all].sort((a, b) => (a < b ? -1 : 1));
}
