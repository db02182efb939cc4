import type { Duplex } from 'node:stream';
import type { SshAgent } from '../../builder/worker.ts';
import { invalidParameter, notFound, unavailable } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { KeptContext, KeptContexts } from './kept-contexts.ts';

/** The request body of `POST /barge/sessions`. */
export interface SessionRequest {
  /** Secrets by id, base64. */
  readonly Secrets?: Readonly<Record<string, string>>;
  /** Ids of the agents that the client forwards. */
  readonly Ssh?: readonly string[];
  /** The Dockerfile, when it is not in the context. */
  readonly Dockerfile?: { readonly Name: string; readonly Text: string };
}

/** Milliseconds after which a session without a build expires. */
const PATIENCE_MS = 10 * 60_000;
/** Milliseconds that a process's connection waits for a connection of the client. */
const OFFER_MS = 10_000;
const MAX_SESSIONS = 100;

/** A Barge client's input for one build, in addition to the parameters of `/build`. In memory only. */
export class BuildSession {
  readonly id = newId();
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  readonly agents: ReadonlyMap<string, OfferedAgent>;
  readonly dockerfile: { readonly text: string; readonly name: string } | undefined;
  /** Whether a build uses it: each session serves one build. */
  taken = false;
  /** By name; '' is the main context. */
  readonly contexts = new Map<string, KeptContext>();

  constructor({ Secrets = {}, Ssh = [], Dockerfile }: SessionRequest) {
    const secrets = Object.entries(Secrets).map(([id, text]) => [id, Buffer.from(text, 'base64')] as const);
    this.secrets = new Map(secrets);
    this.agents = new Map(Ssh.map((id) => [id, new OfferedAgent()]));
    this.dockerfile = Dockerfile && { text: Dockerfile.Text, name: Dockerfile.Name };
  }

  context(name: string): KeptContext {
    const context = this.contexts.get(name);
    if (!context) throw notFound(`the build session has no context ${name || 'yet'}`);
    return context;
  }

  agent(id: string): OfferedAgent {
    const agent = this.agents.get(id);
    if (!agent) throw notFound(`the build session has no ssh agent ${id}`);
    return agent;
  }

  end(): void {
    for (const context of this.contexts.values()) context.release();
    for (const agent of this.agents.values()) agent.end();
  }
}

/** The client's agent: the client always keeps one unused connection open here. */
class OfferedAgent implements SshAgent {
  readonly #offered: Duplex[] = [];
  readonly #waiting: ((connection: Duplex) => void)[] = [];

  offer(connection: Duplex): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(connection);
    else this.#offered.push(connection);
  }

  async connect(): Promise<Duplex> {
    for (let offered = this.#offered.shift(); offered; offered = this.#offered.shift()) {
      if (!offered.destroyed) return offered;
    }
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(unavailable('the client no longer offers its ssh agent')),
        OFFER_MS,
      );
      this.#waiting.push((connection) => {
        clearTimeout(timer);
        resolve(connection);
      });
    });
  }

  end(): void {
    for (const connection of this.#offered.splice(0)) connection.destroy();
  }
}

/** Sessions that wait for their builds; a build claims its session and ends it. */
export class BuildSessions {
  readonly #contexts: KeptContexts;
  readonly #open = new Map<string, { readonly session: BuildSession; readonly timer: NodeJS.Timeout }>();

  constructor(contexts: KeptContexts) {
    this.#contexts = contexts;
  }

  /** @throws BargeError unavailable when too many are already waiting. */
  create(request: SessionRequest): BuildSession {
    if (this.#open.size >= MAX_SESSIONS) {
      throw unavailable(`${MAX_SESSIONS} build sessions are already open: try again later`);
    }
    const session = new BuildSession(request);
    const timer = setTimeout(() => this.end(session.id), PATIENCE_MS);
    timer.unref();
    this.#open.set(session.id, { session, timer });
    return session;
  }

  /** @throws BargeError not-found. */
  get(id: string): BuildSession {
    const found = this.#open.get(id);
    if (!found) throw notFound(`no such build session: ${id}`);
    return found.session;
  }

  /** Opens the stored directory of a context. @throws BargeError invalid-parameter when the name is already in use. */
  async addContext(session: BuildSession, name: string, key: string): Promise<KeptContext> {
    if (session.contexts.has(name))
      throw invalidParameter(`the build session already has the context ${name}`);
    const context = await this.#contexts.open(key);
    session.contexts.set(name, context);
    return context;
  }

  /** Releases all resources of the session. */
  end(id: string): void {
    const found = this.#open.get(id);
    if (!found) return;
    this.#open.delete(id);
    clearTimeout(found.timer);
    found.session.end();
  }
}
