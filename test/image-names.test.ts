/** Names of images: which lists show, which prune leaves, which are refused; platforms and empty images. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { digestOf } from '../src/core/digest.ts';
import { apiClient, errorOf, withFilters } from './harness/api-client.ts';
import { imageOf, serveImage, tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { startRegistry } from './harness/registry.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create, destroy } = apiClient(daemon);

const tag = async (name: string, source = 'busybox') => {
  const [repo, tag = 'latest'] = name.split(/:(?=[^/]*$)/);
  return await post(`/images/${source}/tag?repo=${repo}&tag=${tag}`);
};
const list = async (filters: object) => (await get(withFilters('/images/json', filters))).json();
const untag = async (...names: string[]) => {
  for (const name of names) {
    assert.equal((await daemon.api(`/images/${name}`, { method: 'DELETE' })).status, 200, name);
  }
};

test('a filter for references shows the names that pass it', async () => {
  const names = ['utest:tag1', 'utest/docker:tag2', 'utest:5000/docker:tag3'];
  for (const name of names) assert.equal((await tag(name)).status, 201);
  const shown = async (...reference: string[]) => {
    const found = await list({ reference });
    assert.equal(found.length, 1);
    return found[0].RepoTags.toSorted();
  };
  assert.deepEqual(await shown('utest*/*'), ['utest/docker:tag2', 'utest:5000/docker:tag3']);
  assert.deepEqual(await shown('utest*'), ['utest:tag1']);
  assert.deepEqual(await shown('utest'), ['utest:tag1']);
  assert.deepEqual(await shown('*5000*/*'), ['utest:5000/docker:tag3']);
  assert.deepEqual(await shown('utest:tag1', 'busybox:latest'), ['busybox:latest', 'utest:tag1']);
  await untag(...names);
});

test('images made within the same second are told apart by their times', async () => {
  await create('source');
  const ids: string[] = [];
  for (const n of [0, 1, 2, 3, 4]) {
    const response = await post(`/commit?container=source&repo=timed&tag=v${n}`, { Labels: { n: `${n}` } });
    ids.push(response.json().Id);
  }
  const found = async (filters: object) =>
    (await list(filters)).map(({ Id }: { Id: string }) => Id).toSorted();
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = ids;
  assert.deepEqual(await found({ since: [first], before: [fifth] }), [second, third, fourth].toSorted());
  const createdAt = async (id: string) => (await get(`/images/${id}/json`)).json().Created;
  const until = [await createdAt(third), await createdAt(fourth)];
  assert.deepEqual(await found({ since: [first], until }), [second]);
  await destroy('source');
  await untag(...[0, 1, 2, 3, 4].map((n) => `timed:v${n}`));
});

test('prune leaves the names that containers use, or one', async () => {
  for (const name of ['busybox:a', 'busybox:z']) await tag(name);
  const { Id: id } = (await get('/images/busybox/json')).json();
  const prune = async () => {
    const { ImagesDeleted } = (await post(withFilters('/images/prune', { dangling: ['false'] }))).json();
    return ImagesDeleted.map((item: { Untagged?: string }) => item.Untagged).toSorted();
  };
  await create('by-name', { Image: 'busybox' });
  assert.deepEqual(await prune(), ['busybox:a', 'busybox:z']);
  await destroy('by-name');
  for (const name of ['busybox:a', 'busybox:z']) await tag(name);
  await create('by-id', { Image: id });
  assert.deepEqual(await prune(), ['busybox:a', 'busybox:latest']);
  await tag('busybox:latest', 'busybox:z');
  await untag('busybox:z');
  await destroy('by-id');
});

test('what could be taken for a digest is no name', async () => {
  for (const name of ['sha256:x', 'library/sha512:x']) {
    assert.match(errorOf(await tag(name))[1], /ambiguous tag using digest algorithm/);
  }
});

test('an import is of the platform that is named, if it is one', async () => {
  const rootfs = await tarOf([{ name: 'file', content: 'content' }]);
  const imported = (platform: string) =>
    daemon.api(`/images/create?fromSrc=-&repo=imported&tag=1&platform=${encodeURIComponent(platform)}`, {
      method: 'POST',
      body: rootfs,
    });
  const host = (await get('/images/busybox/json')).json().Architecture;
  for (const [platform, architecture] of [
    ['LINUX', host],
    ['linux/sparc64', 'sparc64'],
    ['linux/x86_64', 'amd64'],
    ['arm64', 'arm64'],
  ] as const) {
    assert.equal((await imported(platform)).status, 200, platform);
    const { Os, Architecture } = (await get('/images/imported:1/json')).json();
    assert.deepEqual([Os, Architecture], ['linux', architecture], platform);
  }
  for (const [platform, words] of [
    ['       ', /is an invalid OS component/],
    ['/', /is an invalid OS component/],
    ['macos/arm64', /operating system is not supported/],
    ['nintendo64', /unknown operating system or architecture/],
  ] as const) {
    const response = await imported(platform);
    assert.match(errorOf(response)[1], words);
    assert.equal(response.status, 400, platform);
  }
  await untag('imported:1');
});

test('an image without layers, lists written as null, comes out of an archive and goes', async () => {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { empty: '1' } },
    rootfs: { type: 'layers', diff_ids: null },
  });
  const id = digestOf(Buffer.from(config));
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers: null }]);
  const archive = await tarOf([
    { name: 'manifest.json', content: manifest },
    { name: 'config.json', content: config },
  ]);
  const loaded = await daemon.api('/images/load', { method: 'POST', body: archive });
  assert.match(loaded.text, new RegExp(`Loaded image ID: ${id}`));
  assert.deepEqual((await get(`/images/${id}/json`)).json().RootFS.Layers ?? [], []);
  assert.equal((await list({ dangling: ['true'], label: ['empty'] })).length, 1);
  const pruned = (await post(withFilters('/images/prune', { label: ['empty'] }))).json();
  assert.deepEqual(pruned.ImagesDeleted, [{ Deleted: id }]);
});

const gone = async (name: string, query = '') => {
  const response = await daemon.api(`/images/${name}${query}`, { method: 'DELETE' });
  assert.equal(response.status, 200, response.text);
  return response.json();
};
const namesOf = async (id: string) => {
  const { RepoTags, RepoDigests } = (await get(`/images/${id}/json`)).json();
  return [...RepoTags, ...RepoDigests];
};

test('a digest that is removed takes no other name along, and goes with the last tag of its repository', async () => {
  const crafted = imageOf([await tarOf([{ name: 'file', content: 'by digest' }])]);
  await using one = await serveImage(crafted);
  await using other = await serveImage(crafted);
  const [first, second] = [`${one.host}/app`, `${other.host}/app`];
  const digest = digestOf(crafted.manifest);
  const id = digestOf(crafted.config);
  const pull = async (name: string) => {
    const response = await post(`/images/create?fromImage=${name}&tag=1`);
    assert.match(response.text, /Downloaded newer|up to date/);
  };
  await pull(first);
  await tag('kept:1', `${first}:1`);
  assert.deepEqual(await gone(`${first}@${digest}`), [{ Untagged: `${first}@${digest}` }]);
  assert.deepEqual(await namesOf(id), [`${first}:1`, 'kept:1']);

  await pull(first);
  await pull(second);
  await tag(`${first}:2`, `${first}:1`);
  assert.deepEqual(await gone(`${first}:1`), [{ Untagged: `${first}:1` }]);
  assert.deepEqual(await gone(`${first}:2`), [
    { Untagged: `${first}:2` },
    { Untagged: `${first}@${digest}` },
  ]);
  assert.deepEqual(await namesOf(id), [`${second}:1`, 'kept:1', `${second}@${digest}`]);

  await untag('kept:1');
  await create('uses-it', { Image: `${second}:1` });
  const refused = await daemon.api(`/images/${second}:1`, { method: 'DELETE' });
  assert.match(errorOf(refused)[1], /must force.*is using its referenced image/);
  assert.equal(refused.status, 409);
  assert.equal((await gone(`${second}:1`, '?force=1')).length, 2);
  await destroy('uses-it');
  assert.equal((await get(`/images/${id}/json`)).status, 200);
  assert.equal((await gone(id)).at(0).Deleted, id);

  await pull(first);
  await untag(`${first}@${digest}`);
  const [, deleted] = await gone(`${first}:1`);
  assert.deepEqual(deleted, { Deleted: id });
});

test('an image that has only digests stays until the last of them goes', async () => {
  const crafted = imageOf([await tarOf([{ name: 'file', content: 'digests alone' }])]);
  await using one = await serveImage(crafted);
  await using other = await serveImage(crafted);
  const names = [one, other].map(({ host }) => `${host}/app@${digestOf(crafted.manifest)}`);
  for (const name of names) assert.equal((await post(`/images/create?fromImage=${name}`)).status, 200);
  assert.deepEqual(await gone(names[0] ?? ''), [{ Untagged: names[0] }]);
  assert.deepEqual(await namesOf(names[1] ?? ''), [names[1]]);
  assert.deepEqual((await gone(names[1] ?? '')).at(1), { Deleted: digestOf(crafted.config) });
});

test('events of an image carry its labels', async () => {
  const since = Date.now() / 1000 - 1;
  await create('labelled');
  const made = await post('/commit?container=labelled&repo=labelled&tag=1', { Labels: { purpose: 'test' } });
  const { Id: id } = made.json();
  await tag('labelled:2', 'labelled:1');
  assert.equal((await get('/images/labelled:2/get')).status, 200);
  await untag('labelled:2');
  await using registry = await startRegistry(daemon.path('labelled'));
  await tag(`${registry.host}/labelled:1`, 'labelled:1');
  const pushed = await post(`/images/${registry.host}/labelled/push?tag=1`);
  assert.match(pushed.text, /"Digest":/);
  await post(`/images/create?fromImage=${registry.host}/labelled&tag=1`);
  await gone(id, '?force=1');
  await destroy('labelled');
  const until = Date.now() / 1000 + 1;
  const path = `/events?since=${since}&until=${until}`;
  const { text } = await get(withFilters(path, { type: ['image'], label: ['purpose=test'] }));
  const actions = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).Action);
  assert.deepEqual(new Set(actions), new Set(['tag', 'save', 'untag', 'push', 'pull', 'delete']));
});

test('a layer that another repository of the registry has is mounted from it, not sent', async () => {
  await using registry = await startRegistry(daemon.path('mounted'));
  const push = async (name: string) => {
    await tag(`${registry.host}/${name}:1`);
    return (await post(`/images/${registry.host}/${name}/push?tag=1`)).text;
  };
  assert.match(await push('team/first'), /"status":"Pushed"/);
  assert.match(await push('team/second'), /"status":"Mounted from team\/first"/);
  assert.doesNotMatch(await push('team/second'), /Mounted|Pushed/);
  await untag(`${registry.host}/team/first:1`, `${registry.host}/team/second:1`);
});
