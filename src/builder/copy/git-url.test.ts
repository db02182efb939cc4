import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGitUrl, parseGitUrl } from './git-url.ts';

const GOOD: readonly (readonly [string, Record<string, unknown>])[] = [
  ['https://host/repo.git', { url: 'https://host/repo.git' }],
  ['https://host/repo.git#v1.2:sub/dir', { ref: 'v1.2', subdirectory: 'sub/dir' }],
  ['https://user:token@host/repo.git#refs/pull/7/head', { ref: 'refs/pull/7/head' }],
  ['git@host:group/repo.git#feature/a-b_c', { url: 'git@host:group/repo.git', ref: 'feature/a-b_c' }],
  ['ssh://git@host:2222/repo', { url: 'ssh://git@host:2222/repo' }],
  ['git://host/repo?ref=main&checksum=0123abcd', { ref: 'main', checksum: '0123abcd' }],
  ['github.com/user/repo', { url: 'https://github.com/user/repo' }],
];

for (const [word, expected] of GOOD) {
  test(`${word} is a repository`, () => {
    assert.ok(isGitUrl(word));
    const found: Record<string, unknown> = { ...parseGitUrl(word) };
    for (const [key, value] of Object.entries(expected)) assert.equal(found[key], value, key);
  });
}

const BAD: readonly (readonly [string, RegExp])[] = [
  ['-oProxyCommand=x@host:repo', /invalid git address/],
  ['-u@host:repo', /a user or host cannot begin with a dash/],
  ['ssh://-oProxyCommand=touch%20x/repo', /a user or host cannot begin with a dash/],
  ['ssh://git@-oProxyCommand=x/repo', /a user or host cannot begin with a dash/],
  ['git@-oProxyCommand=x:repo', /a user or host cannot begin with a dash/],
  ['ssh:///repo', /has no host/],
  ['https://host/a b.git', /white space or control/],
  ['https://host/a\nb.git', /white space or control/],
  ['https://host/\x1b[2Jrepo.git', /white space or control/],
  ['ext::sh -c touch% x@host:y', /invalid git address/],
  ['ext::x@host:y', /invalid git address/],
  ['https://host/repo.git#--upload-pack=touch x', /invalid git reference/],
  ['https://host/repo.git#-x', /invalid git reference/],
  ['https://host/repo.git?ref=--upload-pack=x', /invalid git reference/],
  ['https://host/repo.git?ref=main:refs/heads/x', /invalid git reference/],
  ['https://host/repo.git#+main', /invalid git reference/],
  ['https://host/repo.git#a..b', /invalid git reference/],
  ['https://host/repo.git#a*', /invalid git reference/],
  ['https://host/repo.git#a^{/x}', /invalid git reference/],
  ['https://host/repo.git#@{-1}', /invalid git reference/],
  ['https://host/repo.git#a\x07', /invalid git reference/],
  ['https://host/repo.git?checksum=', /invalid git checksum/],
  ['https://host/repo.git?checksum=-x', /invalid git checksum/],
  ['https://host/repo.git?upload-pack=x', /unexpected query/],
  ['https://host/repo.git#main:../x', /outside of the repository/],
];

for (const [word, why] of BAD) {
  test(`${JSON.stringify(word)} is refused`, () => {
    assert.throws(() => parseGitUrl(word), why);
  });
}

test("local files and git's remote helpers are not repositories", () => {
  for (const word of ['file:///etc/x.git', 'ext::sh -c x', '/srv/repo.git', '../x.git', 'fd::7']) {
    assert.equal(isGitUrl(word), false, word);
  }
});
