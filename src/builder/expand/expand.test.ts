import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandWord, expandWords } from './expand.ts';

const VALUES: Record<string, string> = {
  NAME: 'value',
  EMPTY: '',
  FILE: 'archive.tar.gz',
  PATHS: '/usr/local/bin',
  SPACED: 'a b',
  STAR: 'a*c',
};
const lookup = (name: string) => VALUES[name];
const expand = (text: string, escapeChar = '\\') => expandWord(text, lookup, { escapeChar });

const EXPANSIONS: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['$NAME', 'value'],
  ['${NAME}', 'value'],
  ['x${NAME}y', 'xvaluey'],
  ['$NAME$NAME', 'valuevalue'],
  ['$UNSET', ''],
  ['\\$NAME', '$NAME'],
  ["'$NAME'", '$NAME'],
  ['"$NAME"', 'value'],
  ['"\\$NAME"', '$NAME'],
  ['"a\\b"', 'a\\b'],
  ['a\\b', 'ab'],
  ['$', '$'],
  ['a$', 'a$'],
  ['${NAME:-other}', 'value'],
  ['${UNSET:-other}', 'other'],
  ['${EMPTY:-other}', 'other'],
  ['${EMPTY-other}', ''],
  ['${UNSET-other}', 'other'],
  ['${UNSET:-$NAME}', 'value'],
  ['${UNSET:-${EMPTY:-deep}}', 'deep'],
  ['${UNSET:-"a } b"}', 'a } b'],
  ['${NAME:+other}', 'other'],
  ['${EMPTY:+other}', ''],
  ['${EMPTY+other}', 'other'],
  ['${UNSET+other}', ''],
  ['${NAME:?no}', 'value'],
  ['${EMPTY?no}', ''],
  ['${FILE#*.}', 'tar.gz'],
  ['${FILE##*.}', 'gz'],
  ['${FILE%.*}', 'archive.tar'],
  ['${FILE%%.*}', 'archive'],
  ['${PATHS##*/}', 'bin'],
  ['${PATHS%/*}', '/usr/local'],
  ['${FILE#zip}', 'archive.tar.gz'],
  ['${FILE/a/b}', 'brchive.tar.gz'],
  ['${FILE//a/b}', 'brchive.tbr.gz'],
  ['${FILE/.*/}', 'archive'],
  ['${PATHS//\\//-}', '-usr-local-bin'],
  ['${STAR/\\*/x}', 'axc'],
  ['${FILE//?r/X}', 'XchiveXXgz'.replace('XXgz', '.tX.gz')],
  ['$1', ''],
];

for (const [input, expected] of EXPANSIONS) {
  test(`${input} becomes ${JSON.stringify(expected)}`, () => assert.equal(expand(input), expected));
}

test('the escape directive changes the escape', () => {
  assert.equal(expand('`$NAME c:\\dir', '`'), '$NAME c:\\dir');
});

test('unquoted white space splits words after the expansion, quoted does not', () => {
  const words = (text: string) => expandWords(text, lookup, { escapeChar: '\\' });
  assert.deepEqual(words('x $SPACED "$SPACED" y\\ z'), ['x', 'a', 'b', 'a b', 'y z']);
});

test('heredocs keep their quotes', () => {
  const options = { escapeChar: '\\', quotes: 'literal' } as const;
  assert.equal(expandWord('echo "it\'s $NAME"', lookup, options), 'echo "it\'s value"');
});

const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['${UNSET:?}', /UNSET: is not allowed to be unset/],
  ['${EMPTY:?}', /EMPTY: is not allowed to be empty/],
  ['${UNSET:?set me}', /UNSET: set me/],
  ['${NAME', /failed to process "\$\{NAME": syntax error: missing '\}'/],
  ['${NAME:-x', /missing '\}'/],
  ['${}', /bad substitution/],
  ['${NAME^}', /unsupported modifier \(\^\)/],
  ['${NAME:x}', /unsupported modifier \(:x\)/],
  ['${NAME/a}', /missing '\/' in/],
  ['"open', /matching double-quote/],
  ["'open", /matching single-quote/],
  [`${'${A:-'.repeat(100_000)}x`, /substitutions nest too deeply/],
  ['${NAME#\\q}', /invalid escape/],
];

for (const [input, message] of MISTAKES) {
  test(`${input.slice(0, 40)} is refused`, () => assert.throws(() => expand(input), message));
}
