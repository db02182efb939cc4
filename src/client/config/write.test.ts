import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeConfig } from './write.ts';

test('only the owner may read the configuration, and a symbolic link to it is preserved', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'barge-config-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const [plain, linked] = [join(base, 'plain'), join(base, 'linked')];
  await writeConfig(plain, {});
  assert.equal(lstatSync(join(plain, 'config.json')).mode & 0o777, 0o600);
  assert.equal(lstatSync(plain).mode & 0o777, 0o700);
  mkdirSync(linked);
  writeFileSync(join(base, 'dotfile'), '{}', { mode: 0o644 });
  symlinkSync('../dotfile', join(linked, 'config.json'));
  await writeConfig(linked, { detachKeys: 'ctrl-x' });
  assert.ok(lstatSync(join(linked, 'config.json')).isSymbolicLink());
  assert.match(readFileSync(join(base, 'dotfile'), 'utf8'), /ctrl-x/);
  assert.equal(lstatSync(join(base, 'dotfile')).mode & 0o777, 0o600);
});
