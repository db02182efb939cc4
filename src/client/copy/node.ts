import { spawn } from 'node:child_process';
import type { Header } from 'tar-stream';
import { systemError } from '../../core/errors.ts';
import type { Spot } from '../output/beneath.ts';

/** The letters by which `mknod` names the entry types of a tar that are not files, directories or links. */
const LETTERS = { 'character-device': 'c', 'block-device': 'b', fifo: 'p' } as const;

type NodeType = keyof typeof LETTERS;

export function isNode(type: Header['type']): type is NodeType {
  return typeof type === 'string' && Object.hasOwn(LETTERS, type);
}

/** Creates a device or a named pipe. @throws BargeError system, for example without the permission. */
export async function makeNode({ directory, name }: Spot, header: Header): Promise<void> {
  const type = header.type as NodeType;
  const numbers = type === 'fifo' ? [] : [String(header.devmajor ?? 0), String(header.devminor ?? 0)];
  const mode = ((header.mode ?? 0o644) & 0o7777).toString(8);
  const args = ['-m', mode, `/proc/self/fd/3/${name}`, LETTERS[type], ...numbers];
  const child = spawn('mknod', args, { stdio: ['ignore', 'ignore', 'pipe', directory] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 1000);
  });
  const failure = (cause?: unknown) =>
    systemError(`cannot create the ${type} ${name}: ${said.trim() || 'mknod cannot be run'}`, { cause });
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(failure(cause)));
    child.once('close', (code) => (code === 0 ? resolve() : reject(failure())));
  });
}

/** The major and minor number of a device, from the kernel's combined one. */
export function deviceNumbers(rdev: number): { readonly devmajor: number; readonly devminor: number } {
  const number = BigInt(rdev);
  const devmajor = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const devminor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return { devmajor: Number(devmajor), devminor: Number(devminor) };
}
