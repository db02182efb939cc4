import { type Duplex, PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecCreateRequest, ExecInspect, ExecStartRequest } from '../../api/engine/containers.ts';
import { StartFailure } from '../../container/failure.ts';
import { execRefusal } from '../../container/life/refusals.ts';
import { isRunning } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import type { ProcessUser } from '../../container/oci/user.ts';
import type { Runner } from '../../container/runner.ts';
import type { AttachRequest, ShimLink } from '../../container/shim.ts';
import type { ContainerStore } from '../../container/store.ts';
import { conflict, invalidParameter, messageOf, notFound } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { failsElsewhere } from '../../core/streams.ts';
import type { Cgroups } from '../../host/cgroups.ts';
import type { ProcessTable } from '../../host/process.ts';
import { type ContainerContext, type ContainerEvents, emitContainer } from './context.ts';
import { type ExecContext, execProcess, execUser } from './exec-process.ts';

type SessionsContext = ExecContext &
  ContainerEvents &
  Pick<ContainerContext, 'warn'> & {
    readonly containers: Pick<ContainerStore, 'find' | 'get' | 'has'>;
    readonly host: {
      readonly cgroups: Pick<Cgroups, 'warmLock'>;
      readonly processTable: Pick<ProcessTable, 'isEnding'>;
    };
    readonly runner: Pick<Runner, 'exec'>;
  };

/** @throws BargeError conflict unless processes can be added to the container. */
function assertExecutable({ definition, state }: Container): void {
  const refusal = execRefusal(state, definition);
  if (refusal) throw refusal;
}

interface ExecSession {
  /** The process runs, or could not be started. */
  readonly settled: PromiseWithResolvers<void>;
  readonly id: string;
  readonly containerId: string;
  readonly request: ExecCreateRequest;
  /** Looked up while the client gets ready to start the session. */
  readonly user: Promise<ProcessUser>;
  link?: ShimLink;
  pid: number;
  started: boolean;
  running: boolean;
  exitCode: number | null;
}

/** Milliseconds for which the size of a terminal waits for its process, as with dockerd. */
const START_PATIENCE_MS = 10_000;

/** As many sessions that do not run as can still be started or inspected. */
const KEPT_SESSIONS = 1000;

/** Further processes in running containers. Sessions live as long as the daemon. */
export class ExecSessions {
  readonly #ctx: SessionsContext;
  readonly #sessions = new Map<string, ExecSession>();

  constructor(ctx: SessionsContext) {
    this.#ctx = ctx;
  }

  /** @throws BargeError invalid-parameter for a request that cannot be; conflict unless the container runs. */
  async create(ref: string, request: ExecCreateRequest): Promise<string> {
    this.#ctx.host.cgroups.warmLock(); /* most sessions are started as soon as they are made */
    const container = this.#ctx.containers.find(ref);
    assertExecutable(container);
    if (!request.Cmd?.length) throw invalidParameter('No exec command specified');
    assertEnvironment(request.Env ?? []);
    const user = execUser(this.#ctx, container, request.User);
    user.catch(() => {}); /* the start tells */
    if (isName(request.User)) await user;
    const session: ExecSession = {
      id: newId(),
      settled: Promise.withResolvers(),
      containerId: container.definition.id,
      request,
      user,
      pid: 0,
      started: false,
      running: false,
      exitCode: null,
    };
    this.#sessions.set(session.id, session);
    this.#forgetOldest();
    emitContainer(this.#ctx, container, `exec_create: ${request.Cmd.join(' ')}`, { execID: session.id });
    return session.id;
  }

  #forgetOldest(): void {
    for (const [id, { running }] of this.#sessions) {
      if (this.#sessions.size <= KEPT_SESSIONS) return;
      if (!running) this.#sessions.delete(id);
    }
  }

  #get(id: string): ExecSession {
    const session = this.#sessions.get(id);
    if (!session || !this.#ctx.containers.has(session.containerId)) {
      this.#sessions.delete(id);
      throw notFound(`No such exec instance: ${id}`);
    }
    return session;
  }

  /** Whether the session's process has a terminal. */
  hasTerminal(id: string): boolean {
    return Boolean(this.#get(id).request.Tty);
  }

  takesInput(id: string): boolean {
    return Boolean(this.#get(id).request.AttachStdin);
  }

  detachKeys(id: string): string | undefined {
    return this.#get(id).request.DetachKeys;
  }

  /** @throws BargeError not-found; conflict when the session's container can take no process now. */
  assertStartable(id: string): void {
    assertExecutable(this.#ctx.containers.get(this.#get(id).containerId));
  }

  /**
   * Starts the process. @returns its streams; of a detached one, a stream that has ended.
   * @throws StartFailure, or BargeError as `assertStartable`, and conflict for a session that has been started before.
   */
  async start(id: string, start: ExecStartRequest): Promise<Duplex> {
    this.#ctx.host.cgroups.warmLock();
    this.assertStartable(id);
    const session = this.#get(id);
    if (session.running) throw conflict(`Error: Exec command ${id} is already running`);
    if (session.started) throw conflict(`Error: Exec command ${id} has already run`);
    const container = this.#ctx.containers.get(session.containerId);
    session.started = true;
    const { request } = session;
    const detached = Boolean(start.Detach);
    const consoleSize = request.Tty ? (start.ConsoleSize ?? request.ConsoleSize) : undefined;
    try {
      const { link, pid, attached } = await this.#ctx.runner.exec({
        definition: container.definition,
        execId: id,
        process: execProcess(this.#ctx, container, request, await session.user),
        stdin: Boolean(request.AttachStdin) && !detached,
        ...(consoleSize ? { consoleSize } : {}),
        attach: detached ? [] : [attachRequest(request, Boolean(start.Tty))],
      });
      Object.assign(session, { link, pid, running: true });
      session.settled.resolve();
      emitContainer(this.#ctx, container, `exec_start: ${request.Cmd?.join(' ')}`, { execID: id });
      this.#watch(session, link);
      return attached[0] ?? failsElsewhere(new PassThrough()).end();
    } catch (error) {
      session.exitCode = error instanceof StartFailure ? error.exitCode : 126;
      session.settled.resolve();
      if (this.#hasEnded(session.containerId)) {
        throw conflict(`container ${session.containerId} is not running`, { cause: error });
      }
      throw error;
    }
  }

  /** Whether a container's first process has ended; the news of it may still be on its way. */
  #hasEnded(id: string): boolean {
    if (!this.#ctx.containers.has(id)) return true;
    const { state } = this.#ctx.containers.get(id);
    return !isRunning(state) || this.#ctx.host.processTable.isEnding(state.pid);
  }

  #watch(session: ExecSession, link: ShimLink): void {
    const end = (exitCode: number) => {
      session.running = false;
      session.exitCode = exitCode;
      if (!this.#ctx.containers.has(session.containerId)) return;
      const container = this.#ctx.containers.get(session.containerId);
      emitContainer(this.#ctx, container, 'exec_die', { execID: session.id, exitCode: `${exitCode}` });
    };
    link.exit.then(
      ({ code }) => end(code),
      (error) => {
        this.#ctx.warn('an exec process was lost', { exec: session.id, error: messageOf(error) });
        end(255);
      },
    );
  }

  /** The exit code, once the process has ended. */
  async ended(id: string): Promise<number> {
    const session = this.#get(id);
    await session.link?.exit.catch(() => {});
    return session.exitCode ?? 0;
  }

  /** Clients ask for their terminal's size while the process is still starting: this waits a while for it. */
  async resize(id: string, rows: number, columns: number): Promise<void> {
    const session = this.#get(id);
    await Promise.race([session.settled.promise, sleep(START_PATIENCE_MS, undefined, { ref: false })]);
    if (!session.running) throw conflict(`exec ${id} is not running`);
    session.link?.resize(rows, columns);
  }

  /** A client has typed the detach keys: the process goes on without it. */
  noteDetach(id: string): void {
    const { containerId } = this.#get(id);
    emitContainer(this.#ctx, this.#ctx.containers.get(containerId), 'exec_detach', { execID: id });
  }

  kill(id: string, signal: number): void {
    this.#get(id).link?.kill(signal);
  }

  ofContainer(containerId: string): string[] {
    return [...this.#sessions.values()]
      .filter((s) => s.containerId === containerId && s.running)
      .map((s) => s.id);
  }

  inspect(id: string): ExecInspect {
    const { request, containerId, running, exitCode, pid } = this.#get(id);
    const [entrypoint = '', ...args] = request.Cmd ?? [];
    return {
      ID: id,
      Running: running,
      ExitCode: exitCode,
      ProcessConfig: {
        tty: Boolean(request.Tty),
        entrypoint,
        arguments: args,
        privileged: Boolean(request.Privileged),
        user: request.User ?? '',
      },
      OpenStdin: Boolean(request.AttachStdin),
      OpenStderr: Boolean(request.AttachStderr),
      OpenStdout: Boolean(request.AttachStdout),
      CanRemove: false,
      ContainerID: containerId,
      DetachKeys: request.DetachKeys ?? '',
      Pid: running ? pid : 0,
    };
  }
}

/** Whether a user may be unknown, which its session's creation tells already. */
const isName = (user: string | undefined) => /[^\d:]/.test(user ?? '');

/** As for containers: an entry needs a name. @throws BargeError invalid-parameter. */
function assertEnvironment(entries: readonly string[]): void {
  const wrong = entries.find((entry) => entry === '' || entry.startsWith('='));
  if (wrong !== undefined) throw invalidParameter(`invalid environment variable: ${wrong}`);
}

function attachRequest(request: ExecCreateRequest, raw: boolean): AttachRequest {
  const tty = Boolean(request.Tty);
  return {
    stdin: Boolean(request.AttachStdin),
    stdout: tty || Boolean(request.AttachStdout),
    stderr: tty || Boolean(request.AttachStderr),
    raw,
  };
}
