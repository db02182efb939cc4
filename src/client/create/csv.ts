import { invalidParameter } from '../../core/errors.ts';

/** The fields of one CSV record (RFC 4180): commas inside double quotes do not separate. */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    if (quoted && mark === '"' && text[at + 1] === '"') {
      field += '"';
      at++;
    } else if (mark === '"' && (quoted || field === '')) {
      quoted = !quoted;
    } else if (mark === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += mark;
  }
  if (quoted) throw invalidParameter(`unclosed quote in '${text}'`);
  return [...fields, field];
}
