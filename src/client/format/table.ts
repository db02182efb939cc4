import { printableCell } from './printable.ts';

/** Docker's tables: the minimum width of a cell, and the space between columns. */
const MIN_WIDTH = 10;
const PADDING = 3;

/**
 * Aligns rows of cells, each at least `minWidth` wide; the last cell of a row is not padded. Every line ends with a
 * newline.
 */
export function renderTable(table: readonly (readonly string[])[], minWidth = MIN_WIDTH): string {
  const rows = table.map((row) => row.map(printableCell));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? minWidth, characters(cell) + PADDING);
    }
  }
  return rows
    .map((row) => {
      const last = row.length - 1;
      const cells = row.map((cell, at) =>
        at === last ? cell : cell + ' '.repeat((widths[at] ?? minWidth) - characters(cell)),
      );
      return `${cells.join('')}\n`;
    })
    .join('');
}

function characters(text: string): number {
  return [...text].length;
}
