import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bench } from './testing/bench.ts';

/** `path mode uid:gid` for everything in the last layers besides the base's files. */
async function built(bench: Bench, text: string): Promise<Record<string, string>> {
  const id = await bench.build(text);
  const layers = bench.worker.configs.get(id)?.rootfs.diff_ids ?? [];
  const files = [...bench.worker.files(layers)].filter(([path]) => !path.startsWith('etc/'));
  return Object.fromEntries(
    files.map(([path, { type, mode, uid, gid, text }]) => {
      const shown = type === 'directory' ? '/' : type === 'symlink' ? `-> ${text}` : text;
      return [path, `${shown} ${mode.toString(8)} ${uid}:${gid}`];
    }),
  );
}

const FILES = { 'a.txt': 'a', 'b.txt': 'b', 'dir/c.txt': 'c', 'dir/sub/d.md': 'd' };

test('a file becomes the destination, or is copied into it when it is written as a directory', async () => {
  await using bench = await Bench.open(FILES);
  const text = 'FROM base\nCOPY a.txt /x/renamed\nCOPY a.txt /y/\nWORKDIR /w\nCOPY a.txt .\n';
  assert.deepEqual(Object.keys(await built(bench, text)).sort(), [
    'w',
    'w/a.txt',
    'x',
    'x/renamed',
    'y',
    'y/a.txt',
  ]);
});

test('a file is copied into a destination that is already a directory', async () => {
  await using bench = await Bench.open(FILES);
  const files = await built(bench, 'FROM base\nCOPY dir /dest\nCOPY a.txt /dest\n');
  assert.equal(files['dest/a.txt'], 'a 644 0:0');
});

test("a directory's contents are copied, not the directory itself", async () => {
  await using bench = await Bench.open(FILES);
  const files = await built(bench, 'FROM base\nCOPY dir /dest\n');
  assert.deepEqual(files, {
    dest: '/ 755 0:0',
    'dest/c.txt': 'c 644 0:0',
    'dest/sub': '/ 755 0:0',
    'dest/sub/d.md': 'd 644 0:0',
  });
});

test('patterns match files, and two stars any number of directories', async () => {
  await using bench = await Bench.open(FILES);
  const files = await built(bench, 'FROM scratch\nCOPY *.txt /one/\nCOPY **/*.md [b].txt d?r/c.* /two/\n');
  assert.deepEqual(
    Object.keys(files).filter((path) => path.includes('.')),
    ['one/a.txt', 'one/b.txt', 'two/d.md', 'two/b.txt', 'two/c.txt'],
  );
});

test('several sources need a destination written as a directory', async () => {
  await using bench = await Bench.open(FILES);
  const message = /When using COPY with more than one source file, the destination must be a directory/;
  await assert.rejects(bench.build('FROM base\nCOPY a.txt b.txt /x\n'), message);
  await assert.rejects(bench.build('FROM base\nCOPY *.txt /x\n'), message);
});

test("a missing source is reported in docker's words, with its line of the Dockerfile", async () => {
  await using bench = await Bench.open({ '.dockerignore': 'hidden\n', hidden: 'x' });
  const words = 'COPY failed: file not found in build context or excluded by .dockerignore';
  await assert.rejects(bench.build('FROM base\nCOPY nope /x\n'), {
    kind: 'not-found',
    message: [
      `Dockerfile:2:1: ${words}: stat nope: file does not exist`,
      '   1 |     FROM base',
      '   2 | >>> COPY nope /x',
      '   3 |',
    ].join('\n'),
  });
  await assert.rejects(bench.build('FROM base\nCOPY hidden /x\n'), /stat hidden: file does not exist/);
  await assert.rejects(bench.build('FROM base\nCOPY *.nope /x/\n'), /no source files were specified/);
  await assert.rejects(
    bench.build('FROM base AS b\nFROM base\nCOPY --from=b /nope /x\n'),
    /COPY failed: stat \/nope: file does not exist/,
  );
});

test('nothing outside the context can be copied', async () => {
  await using bench = await Bench.open(FILES);
  await bench.link('escape', '../../etc/passwd');
  await bench.link('absolute', '/etc/passwd');
  await bench.link('inside', 'dir/c.txt');
  const forbidden = { kind: 'forbidden', message: /forbidden path outside the build context/ };
  await assert.rejects(bench.build('FROM base\nCOPY escape /x\n'), forbidden);
  await assert.rejects(bench.build('FROM base\nCOPY absolute /x\n'), forbidden);
  assert.deepEqual(await built(bench, 'FROM scratch\nCOPY inside /x\n'), { x: 'c 644 0:0' });
});

test('links within a copied directory are copied as links, wherever they point', async () => {
  await using bench = await Bench.open(FILES);
  await bench.link('dir/link', '/etc/passwd');
  const files = await built(bench, 'FROM scratch\nCOPY dir /d\n');
  assert.match(files['d/link'] ?? '', /^-> \/etc\/passwd/);
});

test('.dockerignore excludes files, and an exclamation mark includes them again', async () => {
  await using bench = await Bench.open({
    ...FILES,
    '.dockerignore': '# comment\n*.txt\n!b.txt\ndir\n!dir/sub/*.md\n/a+b\n**/deep\n.dockerignore\n',
    'a+b': 'plus',
    aab: 'kept',
    'x/deep/y': 'no',
  });
  const files = await built(bench, 'FROM scratch\nCOPY . /\n');
  assert.deepEqual(Object.keys(files).sort(), ['aab', 'b.txt', 'dir', 'dir/sub', 'dir/sub/d.md', 'x']);
});

test("a Dockerfile's own ignore file is used instead of the context's", async () => {
  await using bench = await Bench.open({
    ...FILES,
    '.dockerignore': '*\n',
    'docker/App': 'FROM scratch\nCOPY . /\n',
    'docker/App.dockerignore': 'dir\ndocker\n.dockerignore\n',
  });
  const id = await bench.build('', { dockerfile: { path: 'docker/App' } });
  assert.deepEqual(bench.worker.contents(id), { 'a.txt': 'a', 'b.txt': 'b' });
});

test('--chown accepts numbers and names of the image, --chmod octal and symbolic modes', async () => {
  await using bench = await Bench.open(FILES);
  const text = `FROM base
COPY --chown=app a.txt /one
COPY --chown=12:web a.txt /two
COPY --chown=34 --chmod=4755 a.txt /three
COPY --chmod=u+x,go-r,a=rX dir /four
`;
  assert.deepEqual(await built(bench, text), {
    one: 'a 644 1000:1001',
    two: 'a 644 12:33',
    three: 'a 4755 34:34',
    four: '/ 755 0:0',
    'four/c.txt': 'c 555 0:0'.replace('555', '555'),
    'four/sub': '/ 555 0:0',
    'four/sub/d.md': 'd 555 0:0',
  });
  await assert.rejects(
    bench.build('FROM base\nCOPY --chown=nobody a.txt /x\n'),
    /unable to convert uid\/gid chown string to host mapping: can't find uid for user nobody/,
  );
  await assert.rejects(
    bench.build('FROM base\nCOPY --chmod=999 a.txt /x\n'),
    /invalid chmod parameter: '999'/,
  );
});

test('new parent directories belong to the new owner, and existing ones do not change', async () => {
  await using bench = await Bench.open(FILES);
  const files = await built(bench, 'FROM base\nCOPY a.txt /old/x\nCOPY --chown=5:6 a.txt /old/new/y\n');
  assert.equal(files.old, '/ 755 0:0');
  assert.equal(files['old/new'], '/ 755 5:6');
});

test('--exclude omits the files that it matches, and --parents preserves the directories', async () => {
  await using bench = await Bench.open(FILES);
  const text =
    'FROM scratch\nCOPY --exclude=*.md --exclude=sub dir a.txt /x/\nCOPY --parents dir/./sub **/c.txt /y/\n';
  const { '': _, ...files } = await built(bench, text).catch((error) => {
    throw error;
  });
  assert.deepEqual(Object.keys(files).sort(), [
    'x',
    'x/a.txt',
    'x/c.txt',
    'y',
    'y/dir',
    'y/dir/c.txt',
    'y/sub',
    'y/sub/d.md',
  ]);
});

test('heredocs become files, with variables expanded unless the name is quoted', async () => {
  await using bench = await Bench.open();
  const text = `FROM scratch
ARG WHO=you
COPY <<greeting <<-'raw' /d/
hello "$WHO"
greeting
	hello $WHO
	raw
`;
  const files = await built(bench, text);
  assert.equal(files['d/greeting'], 'hello "you"\n 644 0:0');
  assert.equal(files['d/raw'], 'hello $WHO\n 644 0:0');
});

test("the cache key depends on a context file's mode and content, but not on its times", async () => {
  await using bench = await Bench.open(FILES);
  const text = 'FROM base\nCOPY a.txt b.txt /x/\n';
  await bench.build(text);
  await bench.write({ 'a.txt': 'a' });
  await bench.build(text);
  assert.deepEqual(bench.verdicts(), ['COPY a.txt b.txt /x/: hit']);
  await bench.write({ 'a.txt': 'changed' });
  await chmod(join(bench.context, 'b.txt'), 0o755);
  await bench.build(text);
  assert.deepEqual(bench.verdicts(), ['COPY a.txt b.txt /x/: file a.txt changed, file b.txt changed']);
});

test('files copied from a stage keep their owners, and the copy is cached while their content is the same', async () => {
  await using bench = await Bench.open(FILES);
  let salt = 0;
  bench.worker.run = () => ({ files: { 'out/app': 'binary', 'tmp/log': String(salt++) } });
  const text = (arg: string) => `FROM base AS build
RUN make ${arg}
FROM scratch
COPY --from=build /out /
`;
  const first = await bench.build(text('one'));
  assert.deepEqual(bench.worker.contents(first), { app: 'binary' });
  await bench.build(text('two'));
  assert.deepEqual(bench.verdicts(), [
    'RUN make two: instruction changed, was: RUN make one',
    'COPY --from=build /out /: hit',
  ]);
});

test('--link creates a layer that does not depend on the layers below', async () => {
  await using bench = await Bench.open(FILES);
  bench.worker.run = ({ args }) => ({ files: { out: args.join(' ') } });
  await bench.build('FROM base\nRUN one\nCOPY --link a.txt /x/\n');
  await bench.build('FROM base\nRUN two\nCOPY --link a.txt /x/\n');
  assert.deepEqual(bench.verdicts().at(-1), 'COPY --link a.txt /x/: hit');
});

test('with very many files, the explanation names directories instead', async () => {
  const names = Array.from({ length: 2100 }, (_, index) => `d${index % 3}/x/${index}`);
  await using bench = await Bench.open(Object.fromEntries(names.map((name) => [name, name])));
  const text = 'FROM scratch\nCOPY . /\n';
  await bench.build(text);
  await bench.write({ 'd1/x/1': 'changed' });
  await bench.build(text);
  assert.deepEqual(bench.verdicts(), ['COPY . /: file d1/x/ changed']);
});

test('an ignored file is missing, even when other files are included again anywhere', async () => {
  await using bench = await Bench.open({
    'a.txt': 'a',
    'a.md': 'm',
    'x/b.md': 'b',
    '.dockerignore': '*\n!**/*.md\n',
  });
  await assert.rejects(bench.build('FROM scratch\nCOPY a.txt /x\n'), /stat a.txt: file does not exist/);
  const id = await bench.build('FROM scratch\nCOPY a* /one/\nCOPY . /all/\n');
  assert.deepEqual(Object.keys(bench.worker.contents(id)).sort(), ['all/a.md', 'all/x/b.md', 'one/a.md']);
});
