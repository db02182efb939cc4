import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Header } from 'tar-stream';
import { systemError } from '../../core/errors.ts';

/** How `mknod` writes the kinds of a tar's entries that are neither files, folders nor links. */
const LETTERS = { 'character-device': 'c', 'block-device': 'b', fifo: 'p' } as const;

type NodeType = keyof typeof LETTERS;

export function isNode(type: Header['type']): type is NodeType {
  return typeof type === 'string' && Object.hasOwn(LETTERS, type);
}

/** Makes a device or a named pipe at `path`. @throws BargeError system, as when the user may not. */
export async function makeNode(path: string, header: Header): Promise<void> {
  const type = header.type as NodeType;
  const numbers = type === 'fifo' ? [] : [String(header.devmajor ?? 0), String(header.devminor ?? 0)];
  try {
    await promisify(execFile)('mknod', [path, LETTERS[type], ...numbers]);
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw systemError(`cannot make the ${type} ${path}: ${said || 'mknod cannot be run'}`, { cause });
  }
}

/** The numbers of a device, from the one that the kernel gives. */
export function deviceNumbers(rdev: number): { readonly devmajor: number; readonly devminor: number } {
  const number = BigInt(rdev);
  const devmajor = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const devminor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return { devmajor: Number(devmajor), devminor: Number(devminor) };
}
