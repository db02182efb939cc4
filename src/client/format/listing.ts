import { messageOf } from '../../core/errors.ts';
import { CommandFailure } from '../failure.ts';
import { compileTemplate } from '../template/evaluator.ts';
import { FUNCTIONS, HEADING_FUNCTIONS } from '../template/functions.ts';
import { toJson } from '../template/print.ts';
import { ExecutionError } from '../template/template-error.ts';
import { printable } from './printable.ts';
import { renderTable } from './table.ts';

/** The fields of a row in a template: text, or functions such as `.Label "name"`. */
export type Fields = Readonly<Record<string, unknown>>;

/** The listing of one kind of object. */
export interface Listing {
  /** The Go type that messages name for a field that does not exist. */
  readonly typeName: string;
  /** Headings of the fields that a table can show, as docker prints them. */
  readonly headings: Readonly<Record<string, string>>;
  /** Fields of the table without a format. */
  readonly columns: readonly string[];
}

/**
 * Prints rows as docker's `--format` does: '' or `table` for the default table, `table TEMPLATE`, `json`, or a template
 * per row.
 * @throws CommandFailure when the template is malformed or names fields that rows lack.
 */
export function renderListing(listing: Listing, format: string, rows: readonly Fields[]): string {
  if (format === '' || format === 'table') {
    return renderTable([
      listing.columns.map((name) => listing.headings[name] ?? name.toUpperCase()),
      ...rows.map((row) => listing.columns.map((name) => String(row[name] ?? ''))),
    ]);
  }
  if (format === 'json')
    return rows.map((row) => `${printable(escapeMarks(JSON.stringify(sorted(row))))}\n`).join('');
  const isTable = format.startsWith('table ');
  const template = readEscapes(isTable ? format.slice('table '.length).trimStart() : format);
  const lines = renderRows(listing, template, rows);
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  const heading = compileTemplate(template, { functions: HEADING_FUNCTIONS })(headingFields(listing));
  return renderTable([heading, ...lines].flatMap((line) => line.split('\n')).map((line) => line.split('\t')));
}

function renderRows(listing: Listing, template: string, rows: readonly Fields[]): string[] {
  const render = parsed(() =>
    compileTemplate(template, { typeName: listing.typeName, functions: ROW_FUNCTIONS }),
  );
  try {
    return rows.map((row) => render(sorted(row)));
  } catch (error) {
    if (error instanceof ExecutionError) {
      throw new CommandFailure(`failed to execute template: ${error.message}`, 1, { cause: error });
    }
    throw error;
  }
}

/** @throws CommandFailure with docker's preface. */
function parsed<T>(compile: () => T): T {
  try {
    return compile();
  } catch (cause) {
    throw new CommandFailure(`failed to parse template: ${messageOf(cause)}`, 1, { cause });
  }
}

/** A label's last word, as docker heads its column. */
const labelHeading = (name: string) => name.slice(name.lastIndexOf('.') + 1).replace(/[-_]/g, ' ');

function headingFields(listing: Listing): Record<string, unknown> {
  return { ...listing.headings, Label: (name: unknown) => labelHeading(String(name)) };
}

/** Expands `\t` and `\n`, which shells pass literally. */
function readEscapes(template: string): string {
  return template.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

/** Escapes HTML's special characters as Go's encoder does. */
function escapeMarks(json: string): string {
  return json.replace(/[<>&]/g, (mark) => `\\u00${mark.charCodeAt(0).toString(16)}`);
}

/** A whole row as JSON is written as `--format json` writes it. */
const ROW_FUNCTIONS = {
  ...FUNCTIONS,
  json: (value: unknown) => (typeof value === 'object' ? escapeMarks(toJson(value)) : toJson(value)),
};

/** JSON omits functions and preserves the order. */
function sorted(row: Fields): Fields {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}
