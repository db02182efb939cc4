import assert from 'node:assert/strict';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../core/digest.ts';
import { MemoryCounters } from './database/counters.ts';
import { RateLimit } from './rate-limit.ts';
import { parsePolicies, parseRule, rulesFor, tagsToDrop } from './retention.ts';
import { freePort } from './testing/free-port.ts';
import { codesOf, imageManifest, pushBlob, putManifest, someBytes } from './testing/push.ts';
import { runRegistry, spawnRegistry } from './testing/registry-process.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';
import { startTestRegistry } from './testing/test-registry.ts';

const DAY = 24 * 3600_000;
const NOW = 1000 * DAY;
const tagged = (...days: (readonly [string, number])[]) =>
  days.map(([tag, age]) => ({ tag, at: NOW - age * DAY }));
const TAGS = tagged(
  ['v1', 90],
  ['v2', 40],
  ['v3', 10],
  ['pr-1', 50],
  ['pr-2', 3],
  ['pr-3', 1],
  ['latest', 100],
);

test('rules keep tags by number, by age or by both; tags without a rule are kept', () => {
  const drop = (...rules: Parameters<typeof tagsToDrop>[1]) => tagsToDrop(TAGS, rules, NOW).sort();
  assert.deepEqual(drop({ tags: ['pr-*'], keepLast: 1 }), ['pr-1', 'pr-2']);
  assert.deepEqual(drop({ tags: ['v?'], keepDays: 60 }), ['v1']);
  assert.deepEqual(drop({ tags: ['v*'], keepLast: 2, keepDays: 5 }), ['v1']);
  assert.deepEqual(drop({ keepDays: 30 }, { tags: ['latest', 'v1'], keepLast: 9 }), ['pr-1', 'v2']);
  assert.deepEqual(drop({ keepLast: 0 }).length, TAGS.length);
  assert.deepEqual(drop(), []);
  assert.deepEqual(tagsToDrop([{ tag: 'gone', at: undefined }], [{ keepLast: 0 }], NOW), []);
});

test('a pattern is not a regular expression', () => {
  const [rule] = parsePolicies([{ repositories: ['team/*', 'a.b'], tags: 'x+y', keepLast: 1 }]);
  assert.ok(rule);
  assert.equal(rulesFor('team/app/deep', [rule]).length, 1);
  assert.equal(rulesFor('acb', [rule]).length, 0);
  assert.deepEqual(tagsToDrop(tagged(['xxy', 1], ['x+y', 2], ['x+y ', 1]), [{ ...rule, keepLast: 0 }], NOW), [
    'x+y',
  ]);
});

test('a rule that keeps nothing, or has unknown members, is rejected', () => {
  const cases: [unknown, RegExp][] = [
    [{}, /want keepLast, keepDays or both/],
    [{ keepLast: -1 }, /keepLast: want a number that is not negative/],
    [{ keepLast: 1, keepFirst: 2 }, /unknown member "keepFirst"/],
    [{ keepLast: 1, tags: [] }, /tags: want a list of patterns/],
    ['x', /want an object/],
  ];
  for (const [value, expected] of cases) assert.throws(() => parseRule(value), expected);
  assert.throws(() => parsePolicies({}), /want a list/);
  assert.throws(() => parsePolicies([{ keepLast: 1 }, {}]), /retention rule 2: want keepLast/);
});

test('gc removes tags by the rules of a file, and then untagged manifests', async () => {
  await using directory = await temporaryDirectory();
  const root = join(directory.path, 'data');
  {
    await using registry = await spawnRegistry(['--data-root', root]);
    for (const name of ['team/app', 'other']) {
      for (const tag of ['pr-1', 'pr-2', 'v1']) {
        const manifest = await imageManifest(`${registry.url}/v2/${name}`, { annotations: { tag } });
        assert.equal((await putManifest(`${registry.url}/v2/${name}`, tag, manifest)).status, 201);
        await sleep(10);
      }
    }
  }
  const rules = join(directory.path, 'rules.yaml');
  await writeFile(rules, '- repositories: [team/*]\n  tags: [pr-*]\n  keepLast: 1\n');
  const day = new Date(Date.now() - DAY);
  for (const entry of await readdir(join(root, 'repositories'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.includes('_tags')) await utimes(path, day, day);
  }
  const gc = (...more: string[]) =>
    runRegistry(['gc', '--retention', rules, '--gc-grace', '1h', '--data-root', root, ...more]);
  assert.match((await gc('--dry-run')).stdout, /^would remove 1 tags, 1 manifests, 0 blobs/);
  assert.match((await gc()).stdout, /^removed 1 tags, 1 manifests/);
  await writeFile(rules, '- keepLst: 1\n');
  const wrong = await gc();
  assert.deepEqual(
    [wrong.code, /invalid --retention .*unknown member "keepLst"/.test(wrong.stderr)],
    [2, true],
  );
  await using registry = await spawnRegistry(['--data-root', root]);
  const tags = async (name: string) => {
    const list = await (await fetch(`${registry.url}/v2/${name}/tags/list`)).json();
    return (list as { tags: string[] }).tags;
  };
  assert.deepEqual(await tags('team/app'), ['pr-2', 'v1']);
  assert.deepEqual(await tags('other'), ['pr-1', 'pr-2', 'v1']);
});

test('a repository’s own rules replace the file’s', async () => {
  await using directory = await temporaryDirectory();
  const root = join(directory.path, 'data');
  const manage = (...args: string[]) => runRegistry([...args, '--data-root', root]);
  assert.equal((await manage('repo', 'set', 'app', '--keep-last', '1', '--tags', 'v*')).code, 0);
  assert.match((await manage('repo', 'show', 'app')).stdout, /^keep\t\{"tags":\["v\*"\],"keepLast":1\}$/m);
  assert.match(
    (await manage('repo', 'set', 'app', '--tags', 'v*')).stderr,
    /--tags needs --keep-last or --keep-days/,
  );
  assert.match((await manage('repo', 'set', 'app', '--keep-last', 'x')).stderr, /keepLast: want a number/);
  {
    await using registry = await spawnRegistry(['--data-root', root]);
    const app = `${registry.url}/v2/app`;
    const manifest = await imageManifest(app);
    for (const tag of ['v1', 'v2', 'other']) {
      await putManifest(app, tag, manifest);
      await sleep(10);
    }
  }
  assert.match((await manage('gc')).stdout, /^removed 1 tags, 0 manifests/);
  await manage('repo', 'set', 'app', '--keep-all');
  assert.doesNotMatch((await manage('repo', 'show', 'app')).stdout, /keep/);
});

test('an address with too many requests has to wait for the reported time', async () => {
  const rateLimit = new RateLimit(new MemoryCounters(), { count: 5, window: 3000 });
  await using registry = await startTestRegistry({ rateLimit });
  const ask = () => fetch(`${registry.url}/v2/`);
  const responses = [];
  for (let i = 0; i < 6; i++) responses.push(await ask());
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200, 200, 200, 429],
  );
  assert.equal(responses[0]?.headers.get('ratelimit-remaining'), '4;w=3');
  const [last] = responses.slice(-1);
  assert.ok(last);
  assert.deepEqual(await codesOf(last), ['TOOMANYREQUESTS']);
  const seconds = Number(last.headers.get('retry-after'));
  assert.ok(seconds >= 1 && seconds <= 3);
  await sleep(seconds * 1000);
  assert.equal((await ask()).status, 200);
});

test('behind a trusted proxy, each client has its own limit, for tokens and the REST API, too', async () => {
  await using directory = await temporaryDirectory();
  const args = ['--data-root', directory.path, '--accounts', '--rate-limit', '2/1h'];
  await using registry = await spawnRegistry([...args, '--trusted-proxies', '127.0.0.0/8']);
  const ask = async (client: string, path: string) =>
    (await fetch(`${registry.url}${path}`, { headers: { 'X-Forwarded-For': client } })).status;
  const first = [];
  for (const path of ['/token', '/api/v1/openapi.json', '/token', '/v2/'])
    first.push(await ask('192.0.2.1', path));
  assert.deepEqual(first, [200, 200, 429, 429]);
  assert.equal(await ask('192.0.2.2', '/token'), 200);
  assert.equal(await ask('192.0.2.3, 192.0.2.2', '/token'), 200);
  assert.equal(
    await ask('192.0.2.4, 192.0.2.2', '/token'),
    429,
    'what a client says of itself does not help',
  );
});

test('a running registry scrubs all content, reports it, and quarantines damaged content', async () => {
  await using directory = await temporaryDirectory();
  const port = await freePort();
  const args = ['--data-root', directory.path, '--metrics-listen', `127.0.0.1:${port}`];
  await using registry = await spawnRegistry([...args, '--scrub-interval', '300ms', '--scrub-rate', '1GB']);
  const digest = await pushBlob(`${registry.url}/v2/app`, someBytes(1000));
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(new RegExp(`^barge_registry_${name} (\\d+)`, 'm').exec(text)?.[1]);
  };
  while ((await metric('last_scrub_timestamp_seconds')) === 0) await sleep(20);
  assert.equal(await metric('damaged_contents_total'), 0);
  await writeFile(join(directory.path, 'blobs/sha256', digest.slice(7, 9), digest.slice(7)), 'bad');
  while ((await metric('damaged_contents_total')) === 0) await sleep(20);
  assert.deepEqual(await readdir(join(directory.path, 'quarantine')), [digest.replace(':', '-')]);
  assert.equal((await fetch(`${registry.url}/v2/app/blobs/${digest}`)).status, 404);
  assert.equal(await pushBlob(`${registry.url}/v2/app`, someBytes(1000)), digestOf(someBytes(1000)));
});
