import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BargeError, dataLoss, invalidParameter, messageOf, systemError } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import { helperProgram } from './helpers.ts';
import { capture, type Piped, pipeThrough } from './process.ts';

/** An overlay to mount for the time of one operation; `lower` names are relative to `layersDirectory`. */
export interface OverlayMount {
  /** Lowest first, as everywhere in Barge; the kernel's option wants the highest first. */
  readonly lower: readonly string[];
  readonly upper?: string;
  readonly work?: string;
  readonly layersDirectory: string;
}

/** The mount(2) data string of an overlay. Features whose on-disk marks another engine cannot read stay off. */
export function overlayOptions(overlay: OverlayMount): string {
  const lower = `lowerdir=${[...overlay.lower].reverse().join(':')}`;
  const upper = overlay.upper ? `,upperdir=${overlay.upper},workdir=${overlay.work}` : '';
  return `${lower}${upper},redirect_dir=off,index=off,metacopy=off`;
}

const TOOL = helperProgram('barge-fs');

/** A directory, or the root of a process while that is a child of `parent`: its number may be another's by the time of use. */
export type Root = string | { readonly of: number; readonly parent: number };

function toolArgs(command: string, root: Root, overlay: OverlayMount | undefined): string[] {
  const mount = overlay ? ['--mount', overlayOptions(overlay), '--layers', overlay.layersDirectory] : [];
  if (typeof root === 'string') return [command, '--root', root, ...mount];
  return [command, '--root', `/proc/${root.of}/root`, '--of', `${root.of}`, '--parent', `${root.parent}`];
}

/** @param action what was tried; undefined where barge-fs says that itself. */
function failure(action: string | undefined, code: number, stderr: string): BargeError {
  const reason = stderr || `barge-fs exited with ${code}`;
  const message = action === undefined ? reason.trimEnd() : `${action}: ${reason}`;
  if (code === 2) return invalidParameter(message);
  if (code === 3) return systemError(`${message} (free some space under the data root and try again)`);
  return systemError(message);
}

export interface UnpackRequest {
  readonly root: Root;
  /** Directory below `root` where the archive's names begin; `root` stays what its links cannot leave. */
  readonly path?: string;
  readonly tar: Readable;
  /** Convert OCI whiteouts to overlay's. */
  readonly layer?: boolean;
  readonly overlay?: OverlayMount;
  /** Refuse what would replace a directory by something else, or something else by a directory. */
  readonly keepKinds?: boolean;
  /**
   * `copy`: refuse the same, in the words of a build's COPY. `archive`: as a build's ADD, directories go through links that are
   * in their place, and what the archive says of its top is ignored. `context` and `archive`: names that lead out of the
   * directory end in it; else they are refused.
   */
  readonly rules?: 'copy' | 'archive' | 'context';
  /** Whose everything is, whatever the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly signal?: AbortSignal;
}

/**
 * Unpacks a plain tar stream below `root`. Nothing in the tar can reach outside of it.
 * @throws BargeError invalid-parameter for a malformed or hostile archive, system for the host's failures;
 *   an error of the stream itself is passed on as it is.
 */
export async function unpackTar(request: UnpackRequest): Promise<void> {
  const args = toolArgs('unpack', request.root, request.overlay);
  if (request.layer) args.push('--layer');
  if (request.path) args.push('--path', request.path);
  if (request.keepKinds) args.push('--keep-kinds');
  if (request.rules) args.push(RULES[request.rules]);
  if (request.owner) args.push('--owner', `${request.owner.uid}:${request.owner.gid}`);
  const tool = pipeThrough(TOOL, args, request.signal);
  tool.stdout.resume();
  let broken: unknown;
  try {
    await pipeline(request.tar, tool.stdin);
  } catch (error) {
    broken = error;
  }
  const { code, stderr } = await tool.done;
  if (code !== 0 && !(broken && /ends in the middle/.test(stderr)))
    throw failure(request.rules === 'copy' ? undefined : 'unpacking', code, stderr);
  if (broken) throw broken;
}

const RULES = { copy: '--copy', archive: '--archive', context: '--contain' } as const;

export interface PackRequest {
  readonly root: Root;
  readonly path?: string;
  /** What `path` is called in the archive; none: its contents stand at the top. */
  readonly name?: string;
  /** Without a name: the directory itself comes first, as `./`, so that its owner and mode travel too. */
  readonly ownAttributes?: boolean;
  readonly layer?: boolean;
  /** Files with holes keep them; the bytes then depend on the file system. */
  readonly sparse?: boolean;
  /** Of file systems that the kernel makes up (proc, sysfs, …) below `path`: only the directories they are mounted on. */
  readonly filesOnly?: boolean;
  /** The time, in seconds since 1970, that everything younger gets. */
  readonly latest?: number;
  readonly overlay?: OverlayMount;
  readonly signal?: AbortSignal;
}

/** A tar stream of what is below `root`; the stream fails when packing does. */
export function packTar(request: PackRequest): Readable {
  const args = toolArgs('pack', request.root, request.overlay);
  if (request.layer) args.push('--layer');
  if (request.path) args.push('--path', request.path);
  if (request.name) args.push('--name', request.name);
  if (request.ownAttributes) args.push('--name', '.');
  if (request.sparse) args.push('--sparse');
  if (request.filesOnly) args.push('--files-only');
  if (request.latest !== undefined) args.push('--latest', String(request.latest));
  const tool = pipeThrough(TOOL, args, request.signal);
  tool.stdin.end();
  const { root } = request;
  return checked(tool, `packing ${typeof root === 'string' ? root : `the root of process ${root.of}`}`);
}

/**
 * The output of `tool`, ending in an error instead of an end when the tool fails. It is read from the beginning: of a
 * stream that nobody reads when its process exits, Node throws the content away.
 */
function checked(tool: Piped, action: string): Readable {
  const output = failsElsewhere(new PassThrough({ highWaterMark: PIPE_BUFFER }));
  tool.stdout.pipe(output, { end: false });
  tool.stdout.on('error', (error) => output.destroy(error));
  tool.stdout.on('end', () => {
    tool.done.then(
      ({ code, stderr }) => (code === 0 ? output.end() : output.destroy(failure(action, code, stderr))),
      (error) => output.destroy(error instanceof Error ? error : dataLoss(messageOf(error))),
    );
  });
  output.on('close', () => tool.stdout.destroy());
  return output;
}

/** Bytes; what a pipe holds. */
const PIPE_BUFFER = 64 << 10;

export interface PathStat {
  /** `st_mode` as the kernel gives it. */
  readonly mode: number;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly linkTarget: string;
}

/**
 * The extended attributes that layers keep, of files below a directory: by the place of their path, as records of a pax header.
 * @param paths relative to `root`; a link at the end of one is looked at itself.
 */
export async function attributesBelow(
  root: string,
  paths: readonly string[],
): Promise<ReadonlyMap<number, Uint8Array>> {
  const tool = pipeThrough(TOOL, toolArgs('attributes', root, undefined));
  const chunks: Uint8Array[] = [];
  const read = (async () => {
    for await (const chunk of tool.stdout) chunks.push(chunk);
  })();
  tool.stdin.on('error', () => undefined);
  tool.stdin.end(paths.map((path) => `${path === '' ? '.' : path}\0`).join(''));
  await read;
  const { code, stderr } = await tool.done;
  if (code !== 0) throw failure(`reading attributes below ${root}`, code, stderr);
  return readAttributes(Buffer.concat(chunks));
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

/** Looks at one path below `root` as a process whose root directory it is would see it. */
export async function statBelow(root: Root, path: string): Promise<PathStat> {
  const tool = pipeThrough(TOOL, [...toolArgs('stat', root, undefined), '--path', path]);
  tool.stdin.end();
  let text = '';
  for await (const chunk of tool.stdout) text += chunk;
  const { code, stderr } = await tool.done;
  if (code !== 0) throw failure(`looking at ${path}`, code, stderr);
  const [mode = '0', size = '0', mtime = '0', ...link] = text.trimEnd().split(' ');
  return {
    mode: Number.parseInt(mode, 8),
    size: Number(size),
    mtime: BigInt(mtime),
    linkTarget: link.join(' '),
  };
}

/** The path below `root` with every symlink followed, as a process whose root directory it is would see it. */
export async function resolveBelow(root: Root, path: string): Promise<string> {
  const tool = pipeThrough(TOOL, [...toolArgs('resolve', root, undefined), '--path', path]);
  tool.stdin.end();
  let text = '';
  for await (const chunk of tool.stdout) text += chunk;
  const { code, stderr } = await tool.done;
  if (code !== 0) throw failure(`resolving ${path}`, code, stderr);
  return text.replace(/\n$/, '');
}

/** Bytes of all files below a directory, each once, other file systems left out. */
export async function directorySize(root: string, signal?: AbortSignal): Promise<number> {
  const tool = pipeThrough(TOOL, toolArgs('size', root, undefined), signal);
  tool.stdin.end();
  let text = '';
  for await (const chunk of tool.stdout) text += chunk;
  const { code, stderr } = await tool.done;
  if (code !== 0) throw failure(`adding up ${root}`, code, stderr);
  return Number(text.trim());
}

/** Milliseconds for looking at what a container may have made as slow as it can. */
const PATIENCE_MS = 15_000;

async function responseOf(action: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await capture(TOOL, args, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (code !== 0) throw failure(action, code, stderr.trim());
  return stdout;
}

/** Answers a question about users of a root file system; both as in native/common/user.h. */
export async function userBelow(root: string, question: string, overlay?: OverlayMount): Promise<string> {
  return await responseOf('looking up a user', [...toolArgs('user', root, overlay), '--question', question]);
}

/** Whether a directory below `root` has nothing in it; no link in `path` leads out. */
export async function isEmptyBelow(root: string, path: string): Promise<boolean> {
  const said = await responseOf(`reading ${path}`, [
    ...toolArgs('is-empty', root, undefined),
    '--path',
    path,
  ]);
  return said === 'yes\n';
}

export interface LinesChange {
  /** Lines whose first word, or what follows their first tab, is one of these go. */
  readonly drop?: readonly string[];
  /** Nothing else stays. */
  readonly only?: boolean;
  /** Comes to the end; whole lines. */
  readonly add: string;
}

/**
 * Changes a file in place that a container has mounted. Of one that the container has filled with more than a mebibyte
 * nothing is read, and nothing goes.
 */
export async function changeLines(directory: string, name: string, change: LinesChange): Promise<void> {
  const drop = (change.drop ?? []).flatMap((text) => ['--drop', text]);
  const only = change.only ? ['--only'] : [];
  const args = [
    ...toolArgs('lines', directory, undefined),
    '--path',
    name,
    ...drop,
    ...only,
    '--add',
    change.add,
  ];
  await responseOf(`changing ${join(directory, name)}`, args);
}

/** A directory or file of the host that a held mount shows, too. */
export interface HeldBind {
  readonly source: string;
  /** Below the source, where links in it stay; nothing: the source itself. */
  readonly subpath?: string;
  /** Below the mount; made when it is not there. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** A mount that lives in a process of its own and vanishes with it, or with us. */
export class HeldMount implements AsyncDisposable {
  /** Where this process sees the mounted tree. */
  readonly path: string;
  readonly #tool: Piped;

  private constructor(path: string, tool: Piped) {
    this.path = path;
    this.#tool = tool;
  }

  /** Mounts `overlay` on the existing empty directory `root`. */
  static async open(
    root: string,
    overlay: OverlayMount,
    binds: readonly HeldBind[] = [],
  ): Promise<HeldMount> {
    const also = binds.flatMap(({ source, subpath = '', target, readOnly }) => [
      '--bind',
      source,
      subpath,
      target,
      readOnly ? 'ro' : 'rw',
    ]);
    const tool = pipeThrough(TOOL, [...toolArgs('hold', root, overlay), ...also]);
    for await (const chunk of tool.stdout.iterator({ destroyOnReturn: false })) {
      if (String(chunk).startsWith('ready')) return new HeldMount(`/proc/${tool.pid}/root${root}`, tool);
    }
    const { code, stderr } = await tool.done;
    throw failure(`mounting an image on ${root}`, code, stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tool.stdin.end();
    await this.#tool.done;
  }
}

/**
 * Bounds what a directory may hold, in bytes, by a project quota of its file system.
 * @param project a number that no other directory of the file system has.
 * @throws BargeError system where the file system has no project quotas, or they are off.
 */
export async function limitDirectory(directory: string, bytes: number, project: number): Promise<void> {
  const args = ['limit', '--root', directory, '--bytes', `${bytes}`, '--project', `${project}`];
  const { code, stderr } = await capture(TOOL, args);
  if (code !== 0) throw failure('limiting a directory', code, stderr);
}
