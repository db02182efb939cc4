import type { Curve, Point } from '../suites/suite.ts';
import { COLOURS, picture, text } from './svg.ts';

const SIDE = 460;
const LEFT = 60;
const TOP = 16;
const NAMES = 250;

/**
 * Costs over counts, both on logarithmic scales, each cost as a multiple of its first: a power law appears as a
 * straight line, and the grey line is proportional growth.
 */
export function curveChart(title: string, curves: readonly Curve[]): string {
  const relative = curves.map(({ points }) => points.map((point) => relativeTo(points[0] as Point, point)));
  const decades = Math.ceil(
    Math.log10(Math.max(10, ...relative.flat().map(({ count, cost }) => Math.max(count, cost)))),
  );
  const x = (count: number) => LEFT + (SIDE * Math.log10(count)) / decades;
  const y = (cost: number) => TOP + SIDE - (SIDE * Math.log10(Math.max(1, cost))) / decades;
  const parts = [...grid(decades, x, y)];
  parts.push(
    line(
      [
        { count: 1, cost: 1 },
        { count: 10 ** decades, cost: 10 ** decades },
      ],
      '#bbbbbb',
      x,
      y,
    ),
  );
  for (const [i, { label, exponent }] of curves.entries()) {
    const colour = COLOURS[i % COLOURS.length] as string;
    const dash = i >= COLOURS.length ? ' stroke-dasharray="5 3"' : '';
    parts.push(line(relative[i] ?? [], colour, x, y, dash));
    const at = TOP + 12 + i * 18;
    parts.push(
      `<path d="M${LEFT + SIDE + 16} ${at - 4} h14" stroke="${colour}" stroke-width="2.5"${dash}/>`,
      text(LEFT + SIDE + 36, at, `${label}: n^${exponent.toFixed(2)}`, 'start'),
    );
  }
  return picture(LEFT + SIDE + 36 + NAMES, TOP + SIDE + 30, title, parts);
}

const relativeTo = (first: Point, { count, cost }: Point): Point => ({
  count: count / first.count,
  cost: cost / first.cost,
});

type Scale = (value: number) => number;

function grid(decades: number, x: Scale, y: Scale): string[] {
  return Array.from({ length: decades + 1 }, (_, power) => 10 ** power).flatMap((value) => [
    `<path d="M${x(value).toFixed(1)} ${TOP} v${SIDE}" stroke="#eeeeee"/>`,
    `<path d="M${LEFT} ${y(value).toFixed(1)} h${SIDE}" stroke="#eeeeee"/>`,
    text(x(value), TOP + SIDE + 16, `× ${value.toLocaleString('en')}`, 'middle'),
    text(LEFT - 6, y(value) + 4, `× ${value.toLocaleString('en')}`, 'end'),
  ]);
}

function line(points: readonly Point[], colour: string, x: Scale, y: Scale, dash = ''): string {
  const places = points.map(({ count, cost }) => `${x(count).toFixed(1)},${y(cost).toFixed(1)}`);
  return `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`;
}
