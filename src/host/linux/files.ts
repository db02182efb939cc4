import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { dataLoss, messageOf } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';
import {
  type FileFailure,
  type Files,
  fileFailure,
  type HeldBind,
  type HeldMount,
  type LinesChange,
  type OverlayMount,
  overlayOptions,
  type PackRequest,
  type PathStat,
  type Root,
  type UnpackRequest,
} from '../files.ts';
import { helperProgram } from '../helpers.ts';
import type { Piped, Processes, ProcessResult } from '../process.ts';
import { reasonOf } from './fs-status.ts';
import { removeTree } from './remove-tree.ts';

const TOOL = helperProgram('barge-fs');

/** Milliseconds for looking at what a container may have made as slow as it can. */
const PATIENCE_MS = 15_000;
/** Bytes; what a pipe holds. */
const PIPE_BUFFER = 64 << 10;

const RULES = { copy: '--copy', archive: '--archive', context: '--contain' } as const;

function toolArgs(command: string, root: Root, overlay: OverlayMount | undefined): string[] {
  const mount = overlay ? ['--mount', overlayOptions(overlay), '--layers', overlay.layersDirectory] : [];
  if (typeof root === 'string') return [command, '--root', root, ...mount];
  return [command, '--root', `/proc/${root.of}/root`, '--of', `${root.of}`, '--parent', `${root.parent}`];
}

/** @param action what was tried; undefined where barge-fs says that itself. */
function failure(
  action: string | undefined,
  { exitCode, stderr }: Pick<ProcessResult, 'exitCode' | 'stderr'>,
): FileFailure {
  const said = stderr.trim() || `barge-fs exited with ${exitCode}`;
  return fileFailure(reasonOf(exitCode), action === undefined ? said : `${action}: ${said}`);
}

/** Files by `barge-fs`, a process for each operation. */
export class LinuxFiles implements Files {
  readonly #processes: Processes;

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  async unpackTar(request: UnpackRequest): Promise<void> {
    const tool = this.#processes.pipe(TOOL, unpackArguments(request), { signal: request.signal });
    tool.stdout.resume();
    let broken: unknown;
    try {
      await pipeline(request.tar, tool.stdin);
    } catch (error) {
      broken = error;
    }
    const result = await tool.done;
    const cutShort = broken !== undefined && reasonOf(result.exitCode) === 'ends-early';
    if (result.exitCode !== 0 && !cutShort) {
      throw failure(request.rules === 'copy' ? undefined : 'unpacking', result);
    }
    if (broken) throw broken;
  }

  packTar(request: PackRequest): Readable {
    const tool = this.#processes.pipe(TOOL, packArguments(request), { signal: request.signal });
    tool.stdin.end();
    const { root } = request;
    return checked(tool, `packing ${typeof root === 'string' ? root : `the root of process ${root.of}`}`);
  }

  async attributesBelow(root: string, paths: readonly string[]): Promise<ReadonlyMap<number, Uint8Array>> {
    const tool = this.#processes.pipe(TOOL, toolArgs('attributes', root, undefined));
    const chunks: Uint8Array[] = [];
    const read = (async () => {
      for await (const chunk of tool.stdout) chunks.push(chunk);
    })();
    tool.stdin.end(paths.map((path) => `${path === '' ? '.' : path}\0`).join(''));
    await read;
    const result = await tool.done;
    if (result.exitCode !== 0) throw failure(`reading attributes below ${root}`, result);
    return readAttributes(Buffer.concat(chunks));
  }

  async statBelow(root: Root, path: string): Promise<PathStat> {
    const args = [...toolArgs('stat', root, undefined), '--path', path];
    const text = await this.#read(`looking at ${path}`, args);
    const [mode = '0', size = '0', mtime = '0', ...link] = text.trimEnd().split(' ');
    return {
      mode: Number.parseInt(mode, 8),
      size: Number(size),
      mtime: BigInt(mtime),
      linkTarget: link.join(' '),
    };
  }

  async resolveBelow(root: Root, path: string): Promise<string> {
    const args = [...toolArgs('resolve', root, undefined), '--path', path];
    return (await this.#read(`resolving ${path}`, args)).replace(/\n$/, '');
  }

  async directorySize(root: string, signal?: AbortSignal): Promise<number> {
    const text = await this.#read(`adding up ${root}`, toolArgs('size', root, undefined), signal);
    return Number(text.trim());
  }

  async #read(action: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
    const result = await this.#processes.capture(TOOL, args, { input: '', ...(signal ? { signal } : {}) });
    if (result.exitCode !== 0) throw failure(action, result);
    return result.stdout;
  }

  /** For questions about trees that a container may have made as slow as it can. */
  async #ask(action: string, args: readonly string[]): Promise<string> {
    const result = await this.#processes.capture(TOOL, args, { timeout: PATIENCE_MS });
    if (result.timedOut) throw fileFailure('failed', `${action} took more than ${PATIENCE_MS / 1000} s`);
    if (result.exitCode !== 0) throw failure(action, result);
    return result.stdout;
  }

  async userBelow(root: string, question: string, overlay?: OverlayMount): Promise<string> {
    return await this.#ask('looking up a user', [...toolArgs('user', root, overlay), '--question', question]);
  }

  async isEmptyBelow(root: string, path: string): Promise<boolean> {
    const args = [...toolArgs('is-empty', root, undefined), '--path', path];
    return (await this.#ask(`reading ${path}`, args)) === 'yes\n';
  }

  async changeLines(directory: string, name: string, change: LinesChange): Promise<void> {
    const drop = (change.drop ?? []).flatMap((text) => ['--drop', text]);
    await this.#ask(`changing ${join(directory, name)}`, [
      ...toolArgs('lines', directory, undefined),
      '--path',
      name,
      ...drop,
      ...(change.only ? ['--only'] : []),
      '--add',
      change.add,
    ]);
  }

  async limitDirectory(directory: string, bytes: number, project: number): Promise<void> {
    const args = ['limit', '--root', directory, '--bytes', `${bytes}`, '--project', `${project}`];
    const result = await this.#processes.capture(TOOL, args);
    if (result.exitCode !== 0) throw failure('limiting a directory', result);
  }

  async holdMount(root: string, overlay: OverlayMount, binds: readonly HeldBind[] = []): Promise<HeldMount> {
    const also = binds.flatMap(({ source, subpath = '', target, readOnly }) => [
      '--bind',
      source,
      subpath,
      target,
      readOnly ? 'ro' : 'rw',
    ]);
    const tool = this.#processes.pipe(TOOL, [...toolArgs('hold', root, overlay), ...also]);
    for await (const chunk of tool.stdout.iterator({ destroyOnReturn: false })) {
      if (String(chunk).startsWith('ready')) return heldBy(tool, root);
    }
    throw failure(`mounting an image on ${root}`, await tool.done);
  }

  async removeTree(path: string): Promise<void> {
    await removeTree(this.#processes, path);
  }
}

function heldBy(tool: Piped, root: string): HeldMount {
  return {
    path: `/proc/${tool.pid}/root${root}`,
    [Symbol.asyncDispose]: async () => {
      tool.stdin.end();
      await tool.done;
    },
  };
}

function unpackArguments(request: UnpackRequest): string[] {
  const args = toolArgs('unpack', request.root, request.overlay);
  if (request.layer) args.push('--layer');
  if (request.path) args.push('--path', request.path);
  if (request.keepKinds) args.push('--keep-kinds');
  if (request.rules) args.push(RULES[request.rules]);
  if (request.owner) args.push('--owner', `${request.owner.uid}:${request.owner.gid}`);
  return args;
}

function packArguments(request: PackRequest): string[] {
  const args = toolArgs('pack', request.root, request.overlay);
  if (request.layer) args.push('--layer');
  if (request.path) args.push('--path', request.path);
  if (request.name) args.push('--name', request.name);
  if (request.ownAttributes) args.push('--name', '.');
  if (request.sparse) args.push('--sparse');
  if (request.filesOnly) args.push('--files-only');
  if (request.latest !== undefined) args.push('--latest', String(request.latest));
  return args;
}

/**
 * The output of `tool`, ending in an error instead of an end when the tool fails. It is read from the beginning: Node
 * discards the content of a stream that nobody reads when its process exits.
 */
function checked(tool: Piped, action: string): Readable {
  const output = failsElsewhere(new PassThrough({ highWaterMark: PIPE_BUFFER }));
  tool.stdout.pipe(output, { end: false });
  tool.stdout.on('error', (error) => output.destroy(error));
  tool.stdout.on('end', () => {
    tool.done.then(
      (result) => (result.exitCode === 0 ? output.end() : output.destroy(failure(action, result))),
      (error) => output.destroy(error instanceof Error ? error : dataLoss(messageOf(error))),
    );
  });
  output.on('close', () => tool.stdout.destroy());
  return output;
}

function readAttributes(output: Buffer): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at < output.length; ) {
    const line = output.indexOf('\n', at);
    const [number = '', length = ''] = output.toString('latin1', at, line).split(' ');
    at = line + 1 + Number(length);
    found.set(Number(number), output.subarray(line + 1, at));
  }
  return found;
}
