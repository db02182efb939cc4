import type { Readable } from 'node:stream';
import { BargeError, type ErrorKind } from '../core/errors.ts';

/** Why an operation on files failed, as far as callers tell reasons apart. */
export type FileFailureReason =
  | 'failed'
  /** The archive or the request is malformed, or hostile. */
  | 'invalid'
  | 'no-space'
  /** The archive ends before its end mark. */
  | 'ends-early'
  | 'not-found'
  | 'not-a-directory'
  /** Too many symbolic links on the way. */
  | 'loop';

const KINDS: Partial<Record<FileFailureReason, ErrorKind>> = {
  invalid: 'invalid-parameter',
  'ends-early': 'invalid-parameter',
  'not-a-directory': 'invalid-parameter',
};

export class FileFailure extends BargeError {
  readonly reason: FileFailureReason;

  constructor(reason: FileFailureReason, message: string) {
    super(KINDS[reason] ?? 'system', message);
    this.name = 'FileFailure';
    this.reason = reason;
  }
}

export function fileFailure(reason: FileFailureReason, message: string): FileFailure {
  const advice = ' (free some space under the data root and try again)';
  return new FileFailure(reason, reason === 'no-space' ? `${message}${advice}` : message);
}

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

/** A directory, or the root of a process while that is a child of `parent`: its number may be another's by the time of use. */
export type Root = string | { readonly of: number; readonly parent: number };

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

export interface PathStat {
  /** `st_mode` as the kernel gives it. */
  readonly mode: number;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly linkTarget: string;
}

export interface LinesChange {
  /** Lines whose first word, or what follows their first tab, is one of these go. */
  readonly drop?: readonly string[];
  /** Nothing else stays. */
  readonly only?: boolean;
  /** Comes to the end; whole lines. */
  readonly add: string;
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

/** A mount that lives in a process of its own and vanishes with it, or with the daemon. */
export interface HeldMount extends AsyncDisposable {
  /** Where this process sees the mounted tree. */
  readonly path: string;
}

/**
 * Work on trees of files that containers, images and archives have filled: no name in them leads outside of the root that is
 * given, nothing is followed that /proc links to, and everything runs in short-lived processes (native/fs).
 */
export interface Files {
  /**
   * Unpacks a plain tar stream below `root`.
   * @throws BargeError invalid-parameter for a malformed or hostile archive, system for the host's failures; an error of the
   *   stream itself is passed on as it is.
   */
  unpackTar(request: UnpackRequest): Promise<void>;
  /** A tar stream of what is below `root`; the stream fails when packing does. */
  packTar(request: PackRequest): Readable;
  /**
   * The extended attributes that layers store, of files below a directory: by the index of their path, as records of a pax
   * header.
   * @param paths relative to `root`; a link at the end of one is looked at itself.
   */
  attributesBelow(root: string, paths: readonly string[]): Promise<ReadonlyMap<number, Uint8Array>>;
  /** Looks at one path below `root` as a process whose root directory it is would see it. @throws BargeError not-found. */
  statBelow(root: Root, path: string): Promise<PathStat>;
  /** The path below `root` with every symlink followed, as a process whose root directory it is would see it. */
  resolveBelow(root: Root, path: string): Promise<string>;
  /** Bytes of all files below a directory, each once, other file systems left out. */
  directorySize(root: string, signal?: AbortSignal): Promise<number>;
  /** Answers a question about users of a root file system; both as in native/common/user.h. */
  userBelow(root: string, question: string, overlay?: OverlayMount): Promise<string>;
  /** Whether a directory below `root` has nothing in it; no link in `path` leads out. */
  isEmptyBelow(root: string, path: string): Promise<boolean>;
  /**
   * Changes a file in place that a container has mounted. Of one that the container has filled with more than a mebibyte
   * nothing is read, and no line is removed.
   */
  changeLines(directory: string, name: string, change: LinesChange): Promise<void>;
  /**
   * Bounds what a directory may hold, in bytes, by a project quota of its file system.
   * @param project a number that no other directory of the file system has.
   * @throws BargeError system where the file system has no project quotas, or they are off.
   */
  limitDirectory(directory: string, bytes: number, project: number): Promise<void>;
  /** Mounts `overlay` on the existing empty directory `root`. */
  holdMount(root: string, overlay: OverlayMount, binds?: readonly HeldBind[]): Promise<HeldMount>;
  /**
   * Removes a directory or a file, however deep and however many names it has. Fine when it does not exist. No link is
   * followed, whatever becomes one meanwhile.
   * @throws BargeError system.
   */
  removeTree(path: string): Promise<void>;
}
