/** Packages of the distribution, unpacked into a directory without installing them or starting services. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';

/** Unpacks `name` below `directory`. @returns whether apt has it. */
export function unpackPackage(name: string, directory: string): boolean {
  /* As root, apt downloads as the user _apt, who may not write here; it warns and continues as root. */
  const download = spawnSync('apt-get', ['download', '-q', name], { cwd: directory, encoding: 'utf8' });
  const file = readdirSync(directory).find((entry) => entry.startsWith(`${name}_`));
  if (download.status !== 0 || !file) return false;
  const unpacked = spawnSync('dpkg', ['-x', join(directory, file), directory], { encoding: 'utf8' });
  rmSync(join(directory, file));
  return unpacked.status === 0;
}

/**
 * Unpacks `name` and those of its dependencies that this machine lacks into `target`, completely or not at all. Its
 * programs find their libraries even when they are started with an empty environment.
 * @throws Error when the programs' search paths cannot be written.
 */
export function unpackWithDependencies(name: string, target: string): boolean {
  const packages = missingPackages(name);
  if (packages.length === 0) return false;
  mkdirSync(dirname(target), { recursive: true });
  const directory = mkdtempSync(join(dirname(target), 'unpacking-'));
  try {
    if (!packages.every((wanted) => unpackPackage(wanted, directory))) return false;
    if (name !== PATCHELF) bindLibraries(directory, target);
    renameSync(directory, target);
    return true;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const PATCHELF = 'patchelf';
const PATCHELF_CACHE = join(import.meta.dirname, '../.cache', PATCHELF);

/**
 * Writes the library search path into each program of an unpacked tree: relative to the program, so that the checkout
 * may move, and absolute, because a program that runs as a copy of itself in memory has no path.
 * @param target the final path of `root`.
 */
function bindLibraries(root: string, target: string): void {
  const libraries = librariesBelow(root);
  if (libraries.length === 0) return;
  const patchelf = findPatchelf();
  for (const program of programsBelow(root)) {
    if (patchelf(['--print-interpreter', program]).status !== 0) continue; /* a static one */
    const places = libraries.flatMap((directory) => [
      `$ORIGIN/${relative(dirname(program), directory)}`,
      join(target, relative(root, directory)),
    ]);
    const { status, stderr } = patchelf(['--force-rpath', '--set-rpath', places.join(':'), program]);
    if (status !== 0) throw new Error(`patchelf could not give ${program} its library paths: ${stderr}`);
  }
}

/** Patchelf from the PATH, or the distribution's, unpacked. */
function findPatchelf() {
  const onPath = spawnSync(PATCHELF, ['--version']).status === 0;
  if (!onPath && !isThere(PATCHELF_CACHE) && !unpackWithDependencies(PATCHELF, PATCHELF_CACHE)) {
    throw new Error('no patchelf: apt has none, and the tests’ tools cannot find their libraries without it');
  }
  const program = onPath ? PATCHELF : join(PATCHELF_CACHE, 'usr/bin', PATCHELF);
  const own = onPath ? {} : { LD_LIBRARY_PATH: librariesBelow(PATCHELF_CACHE).join(delimiter) };
  return (args: readonly string[]) =>
    spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...own } });
}

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** The ELF executables below `root`, except libraries. */
export function programsBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.so(\.|$)/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => (statSync(path).mode & 0o111) !== 0 && isElf(path));
}

function isElf(path: string): boolean {
  const file = openSync(path, 'r');
  const magic = Buffer.alloc(4);
  try {
    readSync(file, magic);
  } finally {
    closeSync(file);
  }
  return magic.equals(Buffer.from('\x7fELF', 'latin1'));
}

/** Directories with libraries in a tree of unpacked packages. */
function librariesBelow(target: string): string[] {
  return readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => /^lib.*\.so/.test(entry.name))
    .map((entry) => entry.parentPath)
    .filter((directory, index, all) => all.indexOf(directory) === index);
}

/** The packages that apt would install for `name`; empty when apt does not know it. */
function missingPackages(name: string): string[] {
  const simulated = spawnSync('apt-get', ['install', '-s', '-q', '--no-install-recommends', name], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return [...(simulated.stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, found = '']) => found);
}
