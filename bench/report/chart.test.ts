import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Section } from '../suites/suite.ts';
import { chartOf } from './chart.ts';

const section = (part: Partial<Section>): Section => ({ name: 'x', title: '', rows: [], notes: [], ...part });

const widths = (svg: string) =>
  [...svg.matchAll(/<rect x="270" y="(?!8")\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));

test('the length of bars is the median, on the scale of their row; a subject without samples has no bar', () => {
  const samples = { barge: [20, 50, 90], docker: [200], podman: [] };
  const svg = chartOf(section({ title: 'X & Y', rows: [{ label: 'a < b', unit: 'ms', samples }] }));
  const [own = 0, other = 0, ...more] = widths(svg);
  assert.equal(own / other, 0.25);
  assert.deepEqual(more, []);
  assert.match(svg, /a &lt; b \(ms\)/);
  assert.match(svg, /<title>X &amp; Y<\/title>/);
});

test('a curve that grows in proportion lies on the grey line', () => {
  const points = [1, 10, 100].map((count) => ({ count, cost: 7 * count }));
  const svg = chartOf(section({ curves: [{ label: 'files', unit: 'ms', points, exponent: 1 }] }));
  const [grey = '', own = ''] = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(
    ([, places = '']) => places,
  );
  const ends = (line: string) => [line.split(' ')[0], line.split(' ').at(-1)];
  assert.deepEqual(ends(own), ends(grey));
  assert.match(svg, /files: n\^1\.00/);
});
