import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Section } from '../suites/suite.ts';
import { asMarkdown, tableOf } from './table.ts';

const section = (samples: Record<string, number[]>): Section => ({
  name: 'run',
  title: 'A title',
  rows: [{ label: 'bridge', unit: 'ms', samples }],
  notes: [],
});

test("each cell shows median and extremes, and the last columns Barge's ratio to the others", () => {
  const table = tableOf(section({ barge: [50, 60, 70], docker: [200, 240, 300] }));
  assert.deepEqual(table, [
    ['', 'barge', 'docker', 'barge / docker'],
    ['bridge (ms)', '60.0 (50.0–70.0)', '240 (200–300)', '0.25'],
  ]);
});

test('there is no ratio to zero, or without Barge', () => {
  assert.equal(tableOf(section({ barge: [1], podman: [0] }))[1]?.at(-1), '–');
  assert.deepEqual(tableOf(section({ docker: [1] }))[0], ['', 'docker']);
});

test('Markdown gets a rule below the header, figures aligned to the right', () => {
  assert.equal(
    asMarkdown([
      ['', 'barge'],
      ['x', '1'],
    ]).split('\n')[1],
    '| --- | --: |',
  );
});
