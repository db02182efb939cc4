import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Glob, isAny, pathGlob, programOf, type Token, textGlob } from './glob.ts';
import { type Accepts, search } from './program.ts';

/** A generator of the same pseudo-random numbers in every run (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** The ends of all matches that start at a position: by the definition of each token, without regard to time. */
function naiveEnds(tokens: readonly Token[], text: readonly string[], at: number): number[] {
  const [token, ...rest] = tokens;
  if (!token) return [at];
  const code = text[at]?.codePointAt(0);
  if (token.kind === 'char') return text[at] === token.char ? naiveEnds(rest, text, at + 1) : [];
  if (token.kind === 'one') {
    return code !== undefined && token.accepts(code) ? naiveEnds(rest, text, at + 1) : [];
  }
  const ends = naiveEnds(rest, text, at);
  for (let next = at; next < text.length; next++) {
    const passed = text[next]?.codePointAt(0) ?? 0;
    if (token.kind === 'many' && !token.accepts(passed)) break;
    if (token.kind === 'many' || text[next] === '/') ends.push(...naiveEnds(rest, text, next + 1));
  }
  return ends;
}

test('the matcher agrees with a naive one on many small patterns', () => {
  const pick = numbers(9);
  const isNotSlash: Accepts = (code) => code !== 0x2f;
  const choices: Token[] = [
    { kind: 'char', char: 'a' },
    { kind: 'char', char: 'b' },
    { kind: 'char', char: '/' },
    { kind: 'one', accepts: isNotSlash },
    { kind: 'many', accepts: isNotSlash },
    { kind: 'many', accepts: isAny },
    { kind: 'directories' },
  ];
  let matches = 0;
  for (let round = 0; round < 20_000; round++) {
    const tokens = Array.from({ length: pick(6) }, () => choices[pick(choices.length)] as Token);
    const text = Array.from({ length: pick(8) }, () => 'ab/'[pick(3)] ?? '').join('');
    const told = JSON.stringify([tokens, text]);
    const whole = naiveEnds(tokens, [...text], 0).includes(text.length);
    assert.equal(new Glob(tokens).matches(text), whole, told);
    if (whole) matches++;

    const all = Array.from({ length: text.length + 1 }, (_, start) => naiveEnds(tokens, [...text], start));
    const start = all.findIndex((ends) => ends.length > 0);
    const longest = start === -1 ? undefined : { start, end: Math.max(...(all[start] ?? [])) };
    assert.deepEqual(search(programOf(tokens), text, { end: 'last' }), longest, told);
    const ends = all.flat();
    const first = ends.length === 0 ? undefined : Math.min(...ends);
    assert.equal(search(programOf(tokens), text, { end: 'first' })?.end, first, told);
    const here = all[0] ?? [];
    const anchored = here.length === 0 ? undefined : { start: 0, end: Math.min(...here) };
    assert.deepEqual(search(programOf(tokens), text, { anchored: true, end: 'first' }), anchored, told);
  }
  assert.ok(matches > 1000, `only ${matches} rounds had a match`);
});

const BAD = ['[', 'a[', '[]', '[]a]', '[^]', '[a', '[a-', '[a-]', '[-x]', '[x-', 'a\\', '[\\', 'x/[/y'];

for (const pattern of BAD) {
  test(`${pattern} is not a pattern, as in Go`, () => {
    assert.throws(() => pathGlob(pattern), { kind: 'invalid-parameter', message: 'syntax error in pattern' });
  });
}

const CASES: readonly (readonly [string, string, boolean])[] = [
  ['[a-c]', 'b', true],
  ['[c-a]', 'b', false],
  ['[\\]a]', ']', true],
  ['[\\-x]', '-', true],
  ['[^\\]]', ']', false],
  ['[!a]', '!', true],
  ['**/x', 'a/b/x', false],
  ['**/x', 'ab/x', true],
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['?', '😀', true],
  ['[😀-😂]', '😁', true],
  ['\\*', '*', true],
  ['a\\b', 'ab', true],
];

for (const [pattern, text, expected] of CASES) {
  test(`path.Match: ${pattern} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
    assert.equal(pathGlob(pattern).matches(text), expected);
  });
}

test('as in moby, two stars before plain text match the beginning of any name', () => {
  const glob = pathGlob('**.log', { doubleStar: true });
  assert.deepEqual(
    ['a.log', 'd/a.log', '.log', 'a.logs'].map((path) => glob.matches(path)),
    [true, true, true, false],
  );
});

test('in a pattern for names, everything but the two wildcards is literal', () => {
  assert.equal(textGlob('team/[a]\\*').matches('team/[a]\\x/y'), true);
  assert.equal(textGlob('a.b').matches('axb'), false);
});
