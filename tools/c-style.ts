/** Checks the C programs against native/.clang-format, where a recent enough clang-format is installed. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

/** The first release that supports every option of our file; others would also break some lines differently. */
const OLDEST = 20;

const ROOT = join(import.meta.dirname, '..');
const version = spawnSync('clang-format', ['--version'], { encoding: 'utf8' });
const [, major] = /version (\d+)/.exec(version.stdout ?? '') ?? [];

if (Number(major ?? 0) < OLDEST) {
  process.stdout.write(`not checked: clang-format ${OLDEST} or newer is not installed\n`);
} else {
  const files = globSync('native/*/*.{c,h}', { cwd: ROOT });
  if (files.length === 0) throw new Error('no C file matches');
  const { status } = spawnSync('clang-format', ['--dry-run', '--Werror', ...files], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.exitCode = status ?? 1;
}
