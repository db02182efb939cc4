import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignorePatterns, PatternMatcher } from './path-rules.ts';

const CASES: readonly (readonly [string, string, boolean])[] = [
  ['a', 'a', true],
  ['a', 'a/b', true],
  ['a', 'b/a', false],
  ['a/', 'a/b', true],
  ['/a', 'a', true],
  ['./a', 'a', true],
  ['a/../b', 'b', true],
  ['*.txt', 'x.txt', true],
  ['*.txt', 'd/x.txt', false],
  ['*/*.txt', 'd/x.txt', true],
  ['**/*.txt', 'x.txt', true],
  ['**/*.txt', 'd/e/x.txt', true],
  ['a/**', 'a/b/c', true],
  ['a/**', 'a', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['**', 'any/thing', true],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'dx', true],
  ['[^a]x', '/x', false],
  ['a+b', 'aab', false],
  ['a+b', 'a+b', true],
  ['(x|y)', 'x', false],
  ['a.b', 'axb', false],
  ['A', 'a', false],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['a\\!b', 'a!b', true],
  ['.', 'a', false],
  ['ünï*', 'ünïcode', true],
];

for (const [pattern, path, expected] of CASES) {
  test(`${pattern} ${expected ? 'matches' : 'does not match'} ${path}`, () => {
    assert.equal(new PatternMatcher([pattern]).judge(path).matched, expected);
  });
}

test('the last pattern that matches decides', () => {
  const matcher = new PatternMatcher(['docs', '!docs/keep', 'docs/keep/not']);
  const matched = ['docs/x', 'docs/keep', 'docs/keep/a', 'docs/keep/not/b'].map(
    (p) => matcher.judge(p).matched,
  );
  assert.deepEqual(matched, [true, false, false, true]);
});

test('passing a verdict on the parent directory does not change the result', () => {
  const matcher = new PatternMatcher(['a', '!a/b', '**/c']);
  for (const path of ['a/b/c', 'a/b/d', 'a/x']) {
    const parent = matcher.judge(path.slice(0, path.lastIndexOf('/')));
    assert.equal(matcher.judge(path, parent).matched, matcher.judge(path).matched);
  }
});

test('a matched directory is entered only when an exception may be below it', () => {
  const matcher = new PatternMatcher(['*', '!src/**/*.ts', '!docs/a']);
  const below = ['src', 'src/deep', 'docs', 'node_modules', 'docs/b'].map((p) => matcher.mayWantBelow(p));
  assert.deepEqual(below, [true, true, true, false, false]);
});

test('comments, blank lines and a byte order mark are removed from an ignore file', () => {
  assert.deepEqual(ignorePatterns('\uFEFF# note\r\n\n  a \n!b\n #c\n'), ['a', '!b', '#c']);
});
