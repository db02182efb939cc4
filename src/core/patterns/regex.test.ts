import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Regex } from './regex.ts';

const CASES: readonly (readonly [string, string, boolean])[] = [
  ['web', 'my-web-1', true],
  ['^web$', 'web1', false],
  ['^/?web-[0-9]+$', '/web-12', true],
  ['a|b|^$', '', true],
  ['(ab)+c', 'xababc', true],
  ['^(?:ab){2}$', 'abab', true],
  ['^a{2,3}$', 'aaaa', false],
  ['^a{2,}$', 'aaaa', true],
  ['a{,2}', 'a{,2}', true],
  ['^a+?b*?$', 'aab', true],
  ['(?i)WEB', 'web', true],
  ['(?i:W)eb', 'wEB', false],
  ['^.$', '\n', false],
  ['(?s)^.$', '\n', true],
  ['(?m)^b$', 'a\nb\nc', true],
  ['^b$', 'a\nb', false],
  ['\\bweb\\b', 'a web b', true],
  ['\\Bweb', 'web', false],
  ['^\\w+\\s\\d$', 'ab 1', true],
  ['^[^\\d-]+$', 'ab', true],
  ['^[[:alpha:]_]+$', 'ab_', true],
  ['^[[:^alpha:]]$', '1', true],
  ['^[]a]$', ']', true],
  ['^[a\\]-]+$', 'a]-', true],
  ['^\\pL\\p{Greek}\\P{Lu}$', 'aαb', true],
  ['^\\x41\\x{1F600}\\.$', 'A😀.', true],
  ['^.$', '😀', true],
  ['\\Qa.b\\E', 'a.b', true],
  ['\\Qa.b\\E', 'axb', false],
  ['(?P<name>x)y', 'xy', true],
  ['()*', '', true],
  ['(a*)*$', 'b', true],
  ['\\Aa\\z', 'a', true],
];

for (const [source, text, expected] of CASES) {
  test(`${source} is ${expected ? '' : 'not '}found in ${JSON.stringify(text)}`, () => {
    assert.equal(new Regex(source).test(text), expected);
  });
}

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['(', /missing closing \)/],
  ['a)', /unexpected \)/],
  ['[a', /missing closing ]/],
  ['[]', /missing closing ]/],
  ['[b-a]', /invalid character class range/],
  ['*a', /missing argument to repetition operator/],
  ['a**', /invalid nested repetition operator/],
  ['a{1001}', /invalid repeat count/],
  ['a{3,2}', /invalid repeat count/],
  ['(?=a)', /invalid or unsupported Perl syntax/],
  ['(a)\\1', /invalid escape sequence/],
  ['\\8', /invalid escape sequence/],
  ['\\pX', /invalid escape sequence/],
  ['a\\', /invalid escape sequence/],
  ['((a{1000}){1000}){1000}', /expression too large/],
  ['('.repeat(2000) + ')'.repeat(2000), /nests too deeply/],
];

for (const [source, message] of REFUSED) {
  test(`${source.slice(0, 30)} is rejected`, () => {
    assert.throws(() => new Regex(source), { kind: 'invalid-parameter', message });
  });
}

test('the matcher agrees with the engine of JavaScript on syntax that both support', () => {
  const alphabet = [
    'a',
    'b',
    '(',
    ')',
    '|',
    '*',
    '+',
    '?',
    '.',
    '^',
    '$',
    '[ab]',
    '[^a]',
    '{2}',
    '\\b',
    '\\w',
  ];
  let state = 7;
  const pick = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  let compared = 0;
  for (let round = 0; round < 20_000; round++) {
    const source = Array.from({ length: pick(8) }, () => alphabet[pick(alphabet.length)]).join('');
    const [theirs, ours] = [RegExp, Regex].map((Engine) => {
      try {
        return new Engine(source, 'u');
      } catch {
        return undefined;
      }
    });
    if (!theirs || !ours) continue;
    const text = Array.from({ length: pick(6) }, () => 'ab'[pick(2)]).join('');
    assert.equal(ours.test(text), theirs.test(text), `${source} on ${text}`);
    compared++;
  }
  assert.ok(compared > 3000, `only ${compared} rounds were compared`);
});
