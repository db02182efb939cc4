import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { systemError } from '../../core/errors.ts';

const MODE_BITS = 0o7777;

/**
 * Makes a directory, or takes one that is there, that no other user can look into or write to: owned by this process's
 * user and group, with no permissions beyond `mode`.
 * @throws BargeError system for a path that is something else.
 */
export function makePrivate(path: string, mode: number): void {
  mkdirSync(path, { recursive: true, mode });
  const found = statSync(path);
  if (!found.isDirectory())
    throw systemError(`${path} is not a directory: choose another path, or remove it`);
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (found.uid !== uid || found.gid !== gid) chownSync(path, uid, gid);
  if ((found.mode & MODE_BITS & ~mode) !== 0) chmodSync(path, found.mode & mode);
}
