import { type Summary, summarize } from '../measure/statistics.ts';
import type { Curve, Point, Row, Section } from '../suites/suite.ts';

/** The first line is the header; the first column is text, the others are figures. */
export type Table = readonly (readonly string[])[];

/** The subject whose ratios are shown. */
const OWN = 'barge';

/** A section as cells: median and extremes of each subject, then the ratio of Barge's median to that of each other subject. */
export function tableOf({ rows, curves }: Section): Table {
  if (curves) return curvesTable(curves);
  const subjects = [...new Set(rows.flatMap((row) => Object.keys(row.samples)))];
  const others = subjects.includes(OWN) ? subjects.filter((name) => name !== OWN) : [];
  const header = ['', ...subjects, ...others.map((name) => `${OWN} / ${name}`)];
  return [header, ...rows.map((row) => rowCells(row, subjects, others))];
}

function rowCells(row: Row, subjects: readonly string[], others: readonly string[]): string[] {
  const summary = (name: string) => summarize(row.samples[name] ?? []);
  return [
    `${row.label} (${row.unit}${row.more ? ', more is better' : ''})`,
    ...subjects.map((name) => figures(summary(name))),
    ...others.map((name) => ratio(summary(OWN).median, summary(name).median)),
  ];
}

/** Each curve has its own counts, so cells include them. */
function curvesTable(curves: readonly Curve[]): Table {
  const most = Math.max(0, ...curves.map(({ points }) => points.length));
  const header = ['', ...Array.from({ length: most }, (_, i) => `point ${i + 1}`), 'exponent'];
  const cell = (point: Point | undefined) =>
    point ? `${point.count.toLocaleString('en')}: ${short(point.cost)}` : '';
  return [
    header,
    ...curves.map(({ label, unit, points, exponent }) => [
      `${label} (${unit})`,
      ...Array.from({ length: most }, (_, i) => cell(points[i])),
      exponent.toFixed(2),
    ]),
  ];
}

/** `75.1 (70.2–80.4)`: median and extremes; a single sample has no spread. */
function figures({ count, median, min, max }: Summary): string {
  if (count === 0) return '–';
  return count === 1 ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

/** A ratio to zero or negative memory is meaningless. */
function ratio(own: number, other: number): string {
  return other > 0 && own >= 0 ? (own / other).toFixed(own / other < 0.1 ? 3 : 2) : '–';
}

export function short(value: number): string {
  if (Math.abs(value) < 1 && value !== 0) return value.toPrecision(2);
  return Math.abs(value) < 100 ? value.toFixed(1) : value.toFixed(0);
}

export function asText(table: Table): string {
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0))) ?? [];
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return table.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

export function asMarkdown(table: Table): string {
  const [header = [], ...rows] = table;
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
