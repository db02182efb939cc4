import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cloneRepository } from './git-clone.ts';
import { parseGitUrl } from './git-url.ts';

const base = mkdtempSync(join(tmpdir(), 'barge-git-'));
process.on('exit', () => rmSync(base, { recursive: true, force: true }));

function git(directory: string, ...args: string[]): string {
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@x', '-c', 'init.defaultBranch=main'];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', HOME: base };
  return execFileSync('git', ['-C', directory, ...who, ...args], { env, encoding: 'utf8' });
}

/** A repository with one file and the changes of `change`. */
function repository(name: string, change: (directory: string) => void = () => {}): string {
  const directory = join(base, name);
  mkdirSync(directory);
  git(directory, 'init', '-q');
  writeFileSync(join(directory, 'file'), name);
  git(directory, 'add', 'file');
  change(directory);
  git(directory, 'commit', '-qm', 'one');
  git(directory, 'update-server-info');
  return directory;
}

/** Serves repositories by name. @returns their base URL. */
async function serve(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const [name = '', ...rest] = new URL(request.url ?? '', 'http://x').pathname.slice(1).split('/');
    const file = join(base, name.replace(/\.git$/, ''), '.git', ...rest);
    const found = statSync(file, { throwIfNoEntry: false })?.isFile();
    response.writeHead(found ? 200 : 404).end(found ? readFileSync(file) : '');
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function target(name: string): string {
  const directory = join(base, name);
  mkdirSync(directory);
  return directory;
}

const clone = (url: string, directory: string) =>
  cloneRepository(parseGitUrl(url), directory, AbortSignal.timeout(120_000));

/** Adds a submodule by hand, because git itself would access its URL. */
const withSubmodule = (url: string, more: readonly string[]) => (directory: string) => {
  const lines = ['[submodule "sub"]', '\tpath = sub', `\turl = ${url}`, ...more.map((line) => `\t${line}`)];
  writeFileSync(join(directory, '.gitmodules'), `${lines.join('\n')}\n`);
  git(directory, 'add', '.gitmodules');
  git(directory, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
};

test("a repository is checked out without the machine's hooks, and without its history", async (t) => {
  repository('plain');
  const address = await serve(t);
  const directory = target('plain-out');
  const found = await clone(`${address}/plain.git#main`, directory);
  assert.equal(readFileSync(join(found.directory, 'file'), 'utf8'), 'plain');
  assert.equal(existsSync(join(directory, '.git')), false);
  const kept = target('kept-out');
  await clone(`${address}/plain.git?keep-git-dir=true`, kept);
  assert.equal(existsSync(join(kept, '.git/hooks')), false);
});

const SUBMODULES: Record<string, { url: () => string; more?: readonly string[]; why: RegExp }> = {
  'a path of the machine': { url: () => join(base, 'plain', '.git'), why: /transport 'file' not allowed/ },
  'an address of a file': { url: () => `file://${base}/plain/.git`, why: /transport 'file' not allowed/ },
  'a helper': { url: () => `ext::sh -c touch% ${base}/pwned`, why: /transport 'ext' not allowed/ },
  'an option': { url: () => `-u./pwned`, why: /failed to fetch the git repository/ },
  'an option of ssh': {
    url: () => `ssh://-oProxyCommand=touch%20${base}/pwned/x`,
    why: /failed to fetch the git repository/,
  },
  'a command': {
    url: () => 'http://127.0.0.1:1/none.git',
    more: [`update = !touch ${base}/pwned`],
    why: /failed to fetch the git repository/,
  },
};

for (const [index, [what, { url, more = [], why }]] of Object.entries(SUBMODULES).entries()) {
  test(`a submodule that names ${what} is not fetched`, async (t) => {
    const name = `sub-${index}`;
    repository(name, withSubmodule(url(), more));
    await assert.rejects(clone(`${await serve(t)}/${name}.git`, target(`${name}-out`)), why);
    assert.equal(existsSync(join(base, 'pwned')), false);
    assert.equal(existsSync(join(base, `${name}-out`, 'pwned')), false);
  });
}
