import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTrigger } from './dockerfile.ts';
import { sourceFile } from './source.ts';

const source = sourceFile('Dockerfile', 'FROM scratch\nFROM base\n');
const span = { line: 2, column: 1, endLine: 2 };

test('a trigger is an instruction at the FROM that triggers it', () => {
  const instruction = parseTrigger('ENV A=b', source, span);
  assert.deepEqual([instruction.verb, instruction.span], ['ENV', span]);
});

const WRONG: readonly (readonly [trigger: string, message: RegExp])[] = [
  ['NOPE x', /^Dockerfile:2:1: onbuild trigger "NOPE x": unknown instruction: NOPE/],
  ['RUN <<"EOF x', /^Dockerfile:2:1: onbuild trigger .*: unterminated quote in heredoc name/],
  ['RUN <<EOF\nx', /^Dockerfile:2:1: onbuild trigger .*: unterminated heredoc/s],
  ['RUN a\nRUN b', /onbuild trigger should be a single expression/],
  ['FROM x', /FROM isn't allowed as an ONBUILD trigger/],
];

for (const [trigger, message] of WRONG) {
  test(`the trigger ${JSON.stringify(trigger)} is refused there`, () => {
    assert.throws(() => parseTrigger(trigger, source, span), { kind: 'invalid-parameter', message });
  });
}
