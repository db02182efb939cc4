/** SVG charts, one per section: bars for rows, lines for curves. */
import { summarize } from '../measure/statistics.ts';
import type { Row, Section } from '../suites/suite.ts';
import { curveChart } from './curve-chart.ts';
import { COLOURS, picture, text } from './svg.ts';
import { short } from './table.ts';

const WIDTH = 760;
/** The left edge of bars, and the length of a row's longest bar. */
const LEFT = 270;
const LONGEST = 360;
const BAR = 13;
const GAP = 9;
const TOP = 34;

export function chartOf(section: Section): string {
  return section.curves ? curveChart(section.title, section.curves) : barChart(section.title, section.rows);
}

/** Each row has its own scale, so the longest bars of all rows have the same length. */
function barChart(title: string, rows: readonly Row[]): string {
  const subjects = [...new Set(rows.flatMap(({ samples }) => Object.keys(samples)))];
  const colour = (name: string) => COLOURS[subjects.indexOf(name) % COLOURS.length] as string;
  const parts = legend(subjects, colour);
  let y = TOP;
  for (const row of rows) {
    const bars = barsOf(row);
    const label = `${row.label} (${row.unit}${row.more ? ', more is better' : ''})`;
    parts.push(text(LEFT - 8, y + (bars.length * BAR) / 2 + 4, label, 'end'));
    const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
    for (const { name, value } of bars) {
      const width = Math.max(1, (Math.max(0, value) / most) * LONGEST).toFixed(1);
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" fill="${colour(name)}"/>`,
        text(LEFT + Number(width) + 5, y + BAR - 4, short(value), 'start'),
      );
      y += BAR;
    }
    y += GAP;
  }
  return picture(WIDTH, y, title, parts);
}

function barsOf({ samples }: Row) {
  return Object.entries(samples)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => ({ name, value: summarize(values).median }));
}

function legend(subjects: readonly string[], colour: (name: string) => string): string[] {
  return subjects.flatMap((name, i) => [
    `<rect x="${LEFT + i * 110}" y="8" width="11" height="11" fill="${colour(name)}"/>`,
    text(LEFT + i * 110 + 16, 18, name, 'start'),
  ]);
}
