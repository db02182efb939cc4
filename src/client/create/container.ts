import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  HostConfig,
} from '../../api/engine/containers.ts';
import { BargeError, errnoOf, invalidParameter, isKind } from '../../core/errors.ts';
import { familiarString, parseReference, withDefaultTag } from '../../core/reference.ts';
import type { Cli } from '../cli.ts';
import { argument, type Invocation } from '../command.ts';
import { namesOf, proxyVariables } from '../config/proxies.ts';
import { imagePath } from '../each.ts';
import { CommandFailure, EXIT_FLAG_ERROR } from '../failure.ts';
import type { CreateFlags } from './flags.ts';
import { createRequest, type Streams } from './request.ts';

/** A command line of `create`, or of `run`. */
type Creation = Invocation<CreateFlags>;

const PULL_POLICIES = ['always', 'missing', 'never', ''];

/**
 * Creates the container that the flags of `run` and `create` describe, pulling its image when the policy requires it,
 * and resolves with its id.
 */
export async function createContainer(invocation: Creation, attach: Streams): Promise<string> {
  const { flags, cli } = invocation;
  const image = argument(invocation, 0);
  checkImage(image);
  refuseWindows(flags);
  const policy = flags.text('pull');
  if (!PULL_POLICIES.includes(policy)) {
    throw new CommandFailure(
      `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
      EXIT_FLAG_ERROR,
    );
  }
  const asked = readFlags(() => createRequest(flags, invocation.args, attach));
  const body = withTerminalSize(withSocket(withProxies(asked, cli), invocation));
  const create = async () => {
    if (policy === 'always') await pull(invocation, image);
    return await createOrPull(invocation, body, policy);
  };
  const created = await noteId(flags.text('cidfile'), create);
  for (const warning of created.Warnings ?? []) cli.err(`WARNING: ${warning}\n`);
  return created.Id;
}

/** @throws CommandFailure for flags that only a daemon on Windows supports. */
function refuseWindows(flags: CreateFlags): void {
  const windows = ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops'] as const;
  const given = windows.filter((name) => flags.has(name));
  if (given.length === 0) return;
  const said = 'is only supported on a daemon running on windows, but the daemon is running on linux';
  throw new CommandFailure(given.map((name) => `"--${name}" ${said}`).join('\n'));
}

/** Reports contradicting flags as mistakes of the command line, with the exit code of those. */
function readFlags<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof BargeError) || cause instanceof CommandFailure) throw cause;
    throw new CommandFailure(cause.message, EXIT_FLAG_ERROR, { cause });
  }
}

async function createOrPull(
  invocation: Creation,
  body: ContainerCreateRequest,
  policy: string,
): Promise<ContainerCreateResponse> {
  const { flags, cli } = invocation;
  const query = { name: flags.text('name') || undefined, platform: flags.text('platform') || undefined };
  const create = () => cli.engine.post<ContainerCreateResponse>('/containers/create', { query, json: body });
  try {
    return await create();
  } catch (error) {
    const image = argument(invocation, 0);
    const mayPull = policy !== 'never' && isKind(error, 'not-found');
    /* With a platform, the image may exist for another one. */
    if (!mayPull || (!query.platform && (await hasImage(cli, image)))) throw error;
    cli.err(`Unable to find image '${familiarString(withDefaultTag(parseReference(image)))}' locally\n`);
    await pull(invocation, image).catch((failure) => {
      /* The command chooses the exit code: 125 for run, whatever failed. */
      if (failure instanceof CommandFailure)
        throw new BargeError(failure.kind, failure.message, { cause: failure });
      throw failure;
    });
    return create();
  }
}

/**
 * A creation may also fail because a network or another container is missing, so this asks the daemon whether the image
 * is.
 */
async function hasImage(cli: Cli, image: string): Promise<boolean> {
  try {
    await cli.engine.get(`/images/${imagePath(image)}/json`);
    return true;
  } catch (error) {
    if (isKind(error, 'not-found')) return false;
    throw error;
  }
}

async function pull({ flags, cli }: Creation, image: string): Promise<void> {
  const { pullImage } = await import('../images/pull.ts');
  await pullImage(cli, image, {
    platform: flags.text('platform'),
    quiet: flags.bool('quiet'),
    write: (text) => cli.draw(text, process.stderr),
    terminal: process.stderr.isTTY === true,
  });
}

/** The daemon judges ids; names must be well formed before anything is sent. */
function checkImage(image: string): void {
  if (!/^(?:sha256:)?[a-f0-9]{64}$/.test(image)) parseReference(image);
}

/**
 * Writes the id of the created container into a new file, which stays open meanwhile; a failed creation removes it.
 * @throws BargeError invalid-parameter when the file exists already.
 */
async function noteId<T extends { readonly Id: string }>(path: string, create: () => Promise<T>): Promise<T> {
  if (path === '') return await create();
  const file = claimFile(path);
  let written = false;
  try {
    const created = await create();
    writeSync(file, created.Id);
    written = true;
    return created;
  } finally {
    closeSync(file);
    if (!written) rmSync(path, { force: true });
  }
}

function claimFile(path: string): number {
  try {
    return openSync(path, 'wx');
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST' || errnoOf(cause) === 'EISDIR') {
      throw invalidParameter(
        `container ID file found, make sure the other container isn't running or delete ${path}`,
        { cause },
      );
    }
    throw invalidParameter(`failed to create the container ID file: ${path}`, { cause });
  }
}

/** Adds the proxies of the user's configuration to the environment. */
function withProxies(body: ContainerCreateRequest, cli: Cli): ContainerCreateRequest {
  if (!cli.config.proxies) return body;
  const env = body.Env ?? [];
  const added = proxyVariables(cli.config, cli.engine.endpoint.url, namesOf(env));
  return { ...body, Env: [...env, ...Object.entries(added).map(([name, value]) => `${name}=${value}`)] };
}

function withTerminalSize(body: ContainerCreateRequest): ContainerCreateRequest {
  const { rows, columns } = process.stdout;
  if (!body.Tty || !rows || !columns) return body;
  return { ...body, HostConfig: { ...body.HostConfig, ConsoleSize: [rows, columns] } };
}

function withSocket(body: ContainerCreateRequest, { flags, cli }: Creation): ContainerCreateRequest {
  if (!flags.bool('use-api-socket')) return body;
  const { endpoint } = cli.engine;
  if (endpoint.kind !== 'unix') {
    throw invalidParameter('flag --use-api-socket requires a connection to the daemon by a unix socket');
  }
  const socket = { Type: 'bind', Source: endpoint.path, Target: '/var/run/docker.sock' } as const;
  const host: HostConfig = { ...body.HostConfig, Mounts: [...(body.HostConfig?.Mounts ?? []), socket] };
  return { ...body, HostConfig: host };
}
