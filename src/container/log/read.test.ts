import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rename, rm, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compressRotated } from './files.ts';
import { type LogQuery, readLog } from './read.ts';
import { logRecord as record } from './testing.ts';

async function withLog(use: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'barge-log-'));
  try {
    await use(join(directory, 'log'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function created(path: string): Promise<string> {
  await appendFile(path, '');
  return path;
}

const BOTH: LogQuery = { stdout: true, stderr: true };

async function lines(path: string, query: Partial<LogQuery> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const { stream, text } of readLog(path, { ...BOTH, ...query })) found.push(`${stream}:${text}`);
  return found;
}

test('chunks become lines, and a line that spans chunks is one', async () => {
  await withLog(async (path) => {
    await appendFile(path, Buffer.concat([record('a\nb', 1), record('err\n', 2, 2), record('c\nd', 3)]));
    assert.deepEqual(await lines(path), ['1:a\n', '2:err\n', '1:bc\n', '1:d']);
  });
});

test('tail finds the last lines from the end, also through rotated files', async () => {
  await withLog(async (path) => {
    await appendFile(`${path}.1`, Buffer.concat([record('1\n2\n', 1), record('3\n4\n', 2)]));
    await appendFile(path, Buffer.concat([record('5\n', 3), record('6\n7', 4)]));
    assert.deepEqual(await lines(path, { tail: 1 }), ['1:7']);
    assert.deepEqual(await lines(path, { tail: 3 }), ['1:5\n', '1:6\n', '1:7']);
    assert.deepEqual(await lines(path, { tail: 5 }), ['1:3\n', '1:4\n', '1:5\n', '1:6\n', '1:7']);
    assert.equal((await lines(path, { tail: 100 })).length, 7);
    assert.deepEqual(await lines(path, { tail: 0 }), []);
  });
});

test('a line whose beginning went with an older file is left out, one that begins there is not', async () => {
  await withLog(async (path) => {
    await appendFile(`${path}.7`, Buffer.concat([record('9', 1, 1, true), record('e\n', 2, 2)]));
    await appendFile(path, Buffer.concat([record('9\n100\n1', 3, 1, true), record('01\n', 4, 1, true)]));
    assert.deepEqual(await lines(path), ['2:e\n', '1:100\n', '1:101\n']);
    await rename(`${path}.7`, `${path}.1`);
    assert.deepEqual(await lines(path), ['2:e\n', '1:99\n', '1:100\n', '1:101\n'], 'nothing has gone');
  });
});

test('output without any newline is shown though its beginning has gone', async () => {
  await withLog(async (path) => {
    await appendFile(`${path}.7`, record('x'.repeat(16 << 10), 1, 1, true));
    await appendFile(path, record('y\n', 2, 1, true));
    assert.equal((await lines(path)).at(-1)?.slice(-2), 'y\n');
  });
});

test('rotated files are read in the order of their numbers, compressed ones too', async () => {
  await withLog(async (path) => {
    for (const number of [9, 10, 11]) await appendFile(`${path}.${number}`, record(`${number}\n`, number));
    await appendFile(path, record('now\n', 20));
    await compressRotated(path);
    assert.deepEqual((await readdir(join(path, '..'))).toSorted(), [
      'log',
      'log.10.gz',
      'log.11.gz',
      'log.9.gz',
    ]);
    assert.deepEqual(await lines(path), ['1:9\n', '1:10\n', '1:11\n', '1:now\n']);
    assert.deepEqual(await lines(path, { tail: 2 }), ['1:11\n', '1:now\n']);
    assert.equal((await readdir(join(path, '..'))).length, 4, 'nothing unpacked stays behind');
  });
});

test('what is rotated and dropped while it is read comes all the same', async () => {
  await withLog(async (path) => {
    await appendFile(`${path}.1`, record('1\n', 1));
    await appendFile(`${path}.2`, record('2\n', 2));
    await appendFile(path, record('3\n', 3));
    const seen: string[] = [];
    for await (const { text } of readLog(path, BOTH)) {
      seen.push(text.toString());
      if (seen.length > 1) continue;
      await rename(path, `${path}.3`);
      await Promise.all([rm(`${path}.1`), rm(`${path}.2`), appendFile(path, record('4\n', 4))]);
    }
    assert.deepEqual(seen, ['1\n', '2\n', '3\n']);
  });
});

test('following goes on with the next file, however many were rotated meanwhile', async () => {
  await withLog(async (path) => {
    await appendFile(path, record('0\n', 1));
    const ended = Promise.withResolvers<void>();
    const seen: string[] = [];
    for await (const { text } of readLog(path, { ...BOTH, followUntil: ended.promise })) {
      seen.push(text.toString());
      if (seen.length === 1) {
        for (const number of [1, 2, 3]) {
          await rename(path, `${path}.${number}`);
          await appendFile(path, record(`${number}\n`, number + 1));
        }
        await compressRotated(path);
        ended.resolve();
      }
    }
    assert.deepEqual(seen, ['0\n', '1\n', '2\n', '3\n']);
  });
});

test('the last lines of a huge log are found without reading it', async () => {
  await withLog(async (path) => {
    await truncate(await created(path), 2 ** 30);
    await appendFile(path, Buffer.concat([record('x\ny\n', 1), record('z\n', 2)]));
    assert.deepEqual(await lines(path, { tail: 2 }), ['1:y\n', '1:z\n']);
  });
});

test('rotated files from before the time asked for are not opened', async () => {
  await withLog(async (path) => {
    await appendFile(`${path}.1`, 'no record at all');
    await utimes(`${path}.1`, 1, 1);
    await appendFile(path, record('new\n', 5_000_000_000n));
    assert.deepEqual(await lines(path, { since: 4_000_000_000n }), ['1:new\n']);
  });
});

test('streams and times choose what is read', async () => {
  await withLog(async (path) => {
    await appendFile(path, Buffer.concat([record('a\n', 10), record('b\n', 20, 2), record('c\n', 30)]));
    assert.deepEqual(await lines(path, { stdout: false }), ['2:b\n']);
    assert.deepEqual(await lines(path, { since: 20n }), ['2:b\n', '1:c\n']);
    assert.deepEqual(await lines(path, { until: 20n }), ['1:a\n', '2:b\n']);
  });
});

test('a record that is still being written is left for later', async () => {
  await withLog(async (path) => {
    await appendFile(path, Buffer.concat([record('a\n', 1), record('b\n', 2).subarray(0, 10)]));
    assert.deepEqual(await lines(path), ['1:a\n']);
  });
});

test('no log means no lines', async () => {
  await withLog(async (path) => assert.deepEqual(await lines(path), []));
});

test('following sees what is appended, through a rotation, and ends with the container', async () => {
  await withLog(async (path) => {
    await appendFile(path, record('1\n', 1));
    const ended = Promise.withResolvers<void>();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { text } of readLog(path, { ...BOTH, followUntil: ended.promise })) {
        seen.push(text.toString());
        if (seen.length === 1) await appendFile(path, record('2\n', 2));
        if (seen.length === 2) {
          await appendFile(path, record('3\n', 3));
          await rename(path, `${path}.1`);
          await appendFile(path, record('4\n', 4));
        }
        if (seen.length === 4) ended.resolve();
      }
    })();
    await reading;
    assert.deepEqual(seen, ['1\n', '2\n', '3\n', '4\n']);
  });
});
