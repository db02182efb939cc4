import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainerStore } from '../../container/store.ts';
import { Database } from '../../store/database.ts';
import { recordedCases } from '../encode/testing.ts';
import { upgradeDefinition } from './upgrade.ts';

const CASES = recordedCases();

/** A state as an earlier daemon has stored it. */
const OLD_STATE = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: 0,
  finishedAt: 0,
  restartCount: 0,
  stoppedByUser: false,
};

/** A database as the last daemon without formats left it. */
function oldDatabase(): Database {
  const db = new Database(':memory:');
  for (const { definition } of CASES) {
    db.run(
      'INSERT INTO containers (id, name, created_at, definition, state) VALUES (?, ?, ?, ?, ?)',
      definition.id,
      definition.name,
      definition.createdAt,
      JSON.stringify(definition),
      JSON.stringify(OLD_STATE),
    );
  }
  return db;
}

test('rows of an earlier daemon are upgraded once, when the store is opened', () => {
  using db = oldDatabase();
  const first = new ContainerStore(db, upgradeDefinition);
  const again = new ContainerStore(db, () => assert.fail('the rows have been written anew'));
  for (const { name, definition } of CASES) {
    const expected = upgradeDefinition(definition);
    assert.deepEqual(first.find(name).definition, expected);
    assert.deepEqual(again.find(name).definition, expected);
  }
});

test('an upgrade that fails leaves every row as it was', () => {
  using db = oldDatabase();
  const stored = () => db.all<{ definition: string }>('SELECT definition FROM containers ORDER BY id');
  const before = stored();
  let calls = 0;
  const failing = (row: Parameters<typeof upgradeDefinition>[0]) => {
    if (calls++ > 3) throw new Error('no more');
    return upgradeDefinition(row);
  };
  assert.throws(() => new ContainerStore(db, failing), {
    kind: 'system',
    message: /the stored container [0-9a-f]{64} cannot be read: no more/,
  });
  assert.deepEqual(stored(), before);
});

test('rows take less room than they did', () => {
  using db = oldDatabase();
  const size = () =>
    db.all<{ size: number }>('SELECT sum(length(definition)) AS size FROM containers')[0]?.size ?? 0;
  const before = size();
  new ContainerStore(db, upgradeDefinition);
  assert.ok(size() < before, `${size()} bytes instead of ${before}`);
});

test('a row of a later daemon is refused by its number', () => {
  using db = new Database(':memory:');
  const store = new ContainerStore(db);
  const [record] = CASES;
  assert.ok(record);
  store.add(upgradeDefinition(record.definition));
  db.run("UPDATE containers SET definition = json_set(definition, '$.format', 3)");
  assert.throws(() => new ContainerStore(db), { kind: 'system', message: /stored in format 3/ });
});

test('mounts of -v and --tmpfs are marked as such', () => {
  const { definition } = CASES.find(({ name }) => name === 'storage') ?? assert.fail();
  const { mounts } = upgradeDefinition(definition);
  const marked = (mark: 'remakesSource' | 'unlisted') =>
    mounts.filter((mount) => mount[mark]).map(({ Destination }) => Destination);
  assert.deepEqual(marked('remakesSource'), ['/mnt/usr']);
  assert.deepEqual(marked('unlisted'), ['/run', '/cache']);
});
