/**
 * Installs the packages that only the tests need (`test/package.json`), so that users need not download them. Does
 * nothing when the lock file has not changed since the last time.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORY = join(import.meta.dirname, '../test');
const LOCK = join(DIRECTORY, 'package-lock.json');
const STAMP = join(DIRECTORY, 'node_modules/.barge-lock');

const isInstalled = () => existsSync(STAMP) && readFileSync(STAMP).equals(readFileSync(LOCK));

if (!isInstalled()) {
  const { status, error } = spawnSync('npm', ['ci', '--ignore-scripts', '--include=dev'], {
    cwd: DIRECTORY,
    stdio: 'inherit',
  });
  if (status === 0) copyFileSync(LOCK, STAMP);
  else {
    process.stderr.write(`installing the tests’ packages failed (npm ci in ${DIRECTORY}) ${error ?? ''}\n`);
    process.exitCode = 1;
  }
}
