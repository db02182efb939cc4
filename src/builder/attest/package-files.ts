import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FoundPackage, readInside } from './found-package.ts';

/** Directories without software: the kernel's, and those that change all the time. */
const SKIPPED = ['proc', 'sys', 'dev', 'run', 'tmp'];
const MAX_DEPTH = 40;

type Reader = (root: string, path: string) => Promise<FoundPackage | undefined>;

/** Packages that describe themselves by a file, in any directory. */
export async function packageFiles(root: string, signal: AbortSignal): Promise<FoundPackage[]> {
  const found: FoundPackage[] = [];
  const visit = async (path: string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    const entries = await readdir(join(root, path), { withFileTypes: true });
    for (const entry of entries) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH && !(depth === 0 && SKIPPED.includes(entry.name)))
          await visit(below, depth + 1);
        continue;
      }
      const read = entry.isFile() ? readerOf(below) : undefined;
      const one = read && (await read(root, below));
      if (one) found.push(one);
    }
  };
  await visit('', 0);
  return found;
}

function readerOf(path: string): Reader | undefined {
  if (/(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path)) return npmPackage;
  if (/\.(dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/.test(path)) return pythonPackage;
  return /\/specifications\/[^/]+\.gemspec$/.test(path) ? rubyPackage : undefined;
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

async function npmPackage(root: string, source: string): Promise<FoundPackage | undefined> {
  try {
    const json = JSON.parse((await readInside(root, source)) ?? '') as Record<string, unknown>;
    const [name, version, license] = [text(json.name), text(json.version), text(json.license)];
    if (!name || !version) return undefined;
    return { type: 'npm', name, version, source, ...(license ? { license } : {}) };
  } catch {
    return undefined; /* tests of packages have broken ones on purpose */
  }
}

async function pythonPackage(root: string, source: string): Promise<FoundPackage | undefined> {
  const head = ((await readInside(root, source)) ?? '').split(/\r?\n\r?\n/)[0] ?? '';
  const field = (name: string) => new RegExp(`^${name}: *(.+?)\\r?$`, 'mi').exec(head)?.[1];
  const [name, version] = [field('Name'), field('Version')];
  const license = field('License-Expression') ?? field('License');
  if (!name || !version) return undefined;
  return { type: 'pypi', name, version, source, ...(license ? { license } : {}) };
}

async function rubyPackage(_root: string, source: string): Promise<FoundPackage | undefined> {
  const [, name, version] = /([^/]+)-(\d[^/-]*)(?:-[^/]*)?\.gemspec$/.exec(source) ?? [];
  return name && version ? { type: 'gem', name, version, source } : undefined;
}
