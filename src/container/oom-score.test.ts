import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { canScore } from '../host/oom-score.ts';
import { oomScore } from './oom-score.ts';

test('a container gets the OOM score adjustment that it asked for', () => {
  assert.deepEqual(
    oomScore({ oomScoreAdjustment: 0 }, () => true),
    { value: 0, warnings: [] },
  );
});

test("one that the host refuses leaves the container with the daemon's, and says so", () => {
  const { value, warnings } = oomScore({ oomScoreAdjustment: -500 }, () => false);
  assert.equal(value, undefined);
  assert.match(warnings[0] ?? '', /cannot lower the OOM score adjustment to -500/);
});

test('asking what the host can do leaves this process as it was', () => {
  const own = () => readFileSync('/proc/self/oom_score_adj', 'utf8');
  const before = own();
  assert.equal(canScore(Number(before)), true);
  assert.equal(canScore(1000), true);
  canScore(-1000);
  assert.equal(own(), before);
});
