import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import type { ProcessTable } from '../../host/process.ts';

/** A process as its parent knows it: while it is that one's child, its number is no other process's. */
export interface HeldProcess {
  readonly pid: number;
  /** Undefined for a parent that does not say who it is: the number alone has to do. */
  readonly parent: number | undefined;
}

/**
 * A directory that a process sees, with all mounts below it, for as long as this is held: whatever becomes of the process,
 * and whoever gets its number.
 */
export class HeldRoot implements AsyncDisposable {
  /** Where other processes of this host find the directory. */
  readonly path: string;
  readonly #files: readonly FileHandle[];

  private constructor(files: readonly FileHandle[], directory: FileHandle) {
    this.#files = files;
    this.path = `/proc/${process.pid}/fd/${directory.fd}`;
  }

  /**
   * @param seenBy whose root is meant: the process itself, or its parent.
   * @param path below that root.
   * @returns undefined when the process has ended.
   */
  static async open(
    table: Pick<ProcessTable, 'parentOf'>,
    child: HeldProcess,
    seenBy: number = child.pid,
    path = '/',
  ): Promise<HeldRoot | undefined> {
    const files: FileHandle[] = [];
    try {
      /* An open root alone would lose what is mounted in it: the kernel takes a namespace apart with its last user. */
      files.push(await open(`/proc/${seenBy}/ns/mnt`, constants.O_RDONLY));
      const directory = await open(join(`/proc/${seenBy}/root`, path), DIRECTORY);
      files.push(directory);
      /* Only now: as long as the parent has not taken note of the end, the number is no other process's. */
      const same = child.parent === undefined || table.parentOf(child.pid) === child.parent;
      if (same) return new HeldRoot(files.splice(0), directory);
    } catch (error) {
      if (!ENDED.includes(errnoOf(error) ?? '')) throw error;
    } finally {
      for (const file of files) await file.close();
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file.close();
  }
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;
const ENDED = ['ENOENT', 'ESRCH', 'EACCES'];
