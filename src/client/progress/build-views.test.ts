import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { BuildMessage } from '../../api/build-events.ts';
import { PlainBuild } from './build-plain.ts';
import { TtyBuild } from './build-tty.ts';

const PLANNED: BuildMessage = {
  kind: 'planned',
  steps: [
    { number: 1, stage: 'one', text: 'FROM a AS one', line: 1 },
    { number: 2, stage: 'one', text: 'RUN make \\\n  all', line: 2 },
    { number: 3, stage: '1', text: 'FROM one', line: 4 },
  ],
};

const MESSAGES: readonly BuildMessage[] = [
  { kind: 'begun', id: 'x', at: 1000 },
  PLANNED,
  { kind: 'started', step: 1, at: 1000 },
  { kind: 'done', step: 1, cached: true, at: 1000 },
  { kind: 'started', step: 2, at: 1000 },
  { kind: 'missed', step: 2, reason: 'new step' },
  { kind: 'output', step: 2, stream: 'stdout', text: 'a line\nhalf ', at: 1500 },
  { kind: 'started', step: 3, at: 1600 },
  { kind: 'output', step: 2, stream: 'stdout', text: 'a line', at: 1700 },
  { kind: 'done', step: 2, cached: false, at: 3000 },
];

test('plain: one whole line per event, prefixed with its step', () => {
  let text = '';
  const view = new PlainBuild({ write: (part) => (text += part), explain: true });
  for (const message of MESSAGES) view.show(message);
  view.end();
  assert.equal(
    text,
    '#1 [one 1/2] FROM a AS one\n#1 CACHED\n\n' +
      '#2 [one 2/2] RUN make \\ all\n#2 not cached: new step\n#2 0.500 a line\n\n' +
      '#3 [stage-1 1/1] FROM one\n\n#2 half a line\n#2 DONE 2.0s\n',
  );
});

test('tty: finished steps stay, running ones are drawn below with their last lines, and disappear at the end', (context) => {
  context.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1000 });
  let text = '';
  const size = () => ({ columns: 60, rows: 20 });
  const view = new TtyBuild({ write: (part) => (text += part), explain: false, size });
  for (const message of MESSAGES.slice(0, -1)) view.show(message);
  context.mock.timers.tick(100);
  const drawn = stripVTControlCharacters(text);
  assert.match(drawn, /^ => CACHED \[one 1\/2\] FROM a AS one +0\.0s\n/);
  assert.match(drawn, /\n?\[\+\] Building 0\.1s \(1\/3\)/);
  assert.match(drawn, / => \[one 2\/2\] RUN make \\ all +0\.1s\n => => a line\n => => half a line\n/);
  for (const line of drawn.split('\n')) assert.ok(line.length <= 60, line);
  text = '';
  view.show({ kind: 'failed', message: 'it broke', at: 2000 });
  view.end();
  assert.match(
    stripVTControlCharacters(text),
    / => ERROR \[one 2\/2\] RUN make \\ all +1\.0s\n {4}a line\n {4}half a line\n/,
  );
});
