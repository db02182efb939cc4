import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Database } from './database.ts';
import { Reserve } from './reserve.ts';

const directory = mkdtempSync(join(tmpdir(), 'barge-db-'));
after(() => rmSync(directory, { recursive: true }));

const insert = (db: Database, name: string) =>
  db.run('INSERT INTO volumes (name, created_at, labels, options) VALUES (?, 1, ?, ?)', name, '{}', '{}');

const names = (db: Database) =>
  db.all<{ name: string }>('SELECT name FROM volumes ORDER BY name').map(({ name }) => name);

test('written rows are there after the database is reopened', () => {
  const path = join(directory, 'again.db');
  {
    using db = new Database(path);
    assert.equal(insert(db, 'a'), 1);
  }
  using db = new Database(path);
  assert.deepEqual(names(db), ['a']);
});

test('a transaction is applied completely or not at all', () => {
  using db = new Database(':memory:');
  insert(db, 'kept');
  const failing = () =>
    db.transaction(() => {
      insert(db, 'half');
      throw new Error('in the middle');
    });
  assert.throws(failing, /in the middle/);
  assert.deepEqual(names(db), ['kept']);
  assert.equal(
    db.transaction(() => insert(db, 'whole')),
    1,
  );
  assert.deepEqual(names(db), ['kept', 'whole']);
});

test('removing an image removes its references and manifests', () => {
  using db = new Database(':memory:');
  db.run("INSERT INTO images VALUES ('id', '{}', 0, 0)");
  db.run(
    "INSERT INTO image_references (name, tag, digest, image_id, tagged_at) VALUES ('name', 'tag', NULL, 'id', 0)",
  );
  assert.throws(
    () =>
      db.run(
        "INSERT INTO image_references (name, tag, digest, image_id, tagged_at) VALUES ('name', 'tag', NULL, 'id', 0)",
      ),
    /UNIQUE/,
  );
  db.run("DELETE FROM images WHERE id = 'id'");
  assert.deepEqual(db.all('SELECT * FROM image_references'), []);
});

test('a reserve occupies space until it is released, and again when there is space', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const parent = join(directory, 'small');
  const path = join(parent, 'reserve');
  mkdirSync(parent);
  using reserve = new Reserve(path);
  assert(statSync(path).size >= 512 << 10);
  assert.equal(reserve.release(), true);
  assert.equal(existsSync(path), false);
  assert.equal(reserve.release(), false);
  t.mock.timers.tick(9_999);
  assert.equal(existsSync(path), false, 'not at once: whoever needed the room is using it');
  /* Nothing can be written there for a while. */
  rmdirSync(parent);
  t.mock.timers.tick(1);
  mkdirSync(parent);
  t.mock.timers.tick(10_000);
  assert(statSync(path).size >= 512 << 10);
  assert.equal(reserve.release(), true);
});
