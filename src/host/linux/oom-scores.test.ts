import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OomScores } from './oom-scores.ts';

test('asking what the host can do leaves this process as it was', () => {
  const own = () => readFileSync('/proc/self/oom_score_adj', 'utf8');
  const before = own();
  const scores = new OomScores();
  assert.equal(scores.can(Number(before)), true);
  assert.equal(scores.can(1000), true);
  scores.can(-1000);
  assert.equal(own(), before);
});
