/** Packages of the distribution, unpacked into a directory: nothing is installed, no service starts. */
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

/** Whether apt had `name`, and it is unpacked below `directory` now. */
export function unpackPackage(name: string, directory: string): boolean {
  /* As root, apt downloads as the user _apt, who may not write here: it says so and goes on as root. */
  const download = spawnSync('apt-get', ['download', '-q', name], { cwd: directory, encoding: 'utf8' });
  const file = readdirSync(directory).find((entry) => entry.startsWith(`${name}_`));
  if (download.status !== 0 || !file) return false;
  const unpacked = spawnSync('dpkg', ['-x', join(directory, file), directory], { encoding: 'utf8' });
  rmSync(join(directory, file));
  return unpacked.status === 0;
}

/**
 * Unpacks `name` and whatever it depends on that this machine does not have into `target`, whole or not at all.
 * Its programs find their libraries by themselves, also when something starts them with an empty environment.
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
 * Writes into each program of an unpacked tree where its libraries are: relative to itself, so that the checkout may
 * move, and as paths, since a program that runs as a copy of itself in memory has no place.
 * @param target what `root` will be called.
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

/** The one on the PATH, or the distribution's, unpacked. */
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

/** The executable files in ELF format below `root`, but for libraries. */
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

/** Directories with libraries in a tree that packages were unpacked to. */
function librariesBelow(target: string): string[] {
  return readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => /^lib.*\.so/.test(entry.name))
    .map((entry) => entry.parentPath)
    .filter((directory, index, all) => all.indexOf(directory) === index);
}

/** What apt would put on this machine for `name`; nothing when it does not know the name. */
function missingPackages(name: string): string[] {
  const simulated = spawnSync('apt-get', ['install', '-s', '-q', '--no-install-recommends', name], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return [...(simulated.stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, found = '']) => found);
}
