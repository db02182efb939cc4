import assert from 'node:assert/strict';
import { test } from 'node:test';
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
