const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
const EACH_CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * Text for a terminal in which nothing steers it: control characters of C0 and C1 are written out as `\u001b`. Line
 * ends and tabs stay. What images, registries and daemons say may hold any of them.
 */
export function printable(text: string): string {
  return CONTROLS.test(text) ? text.replace(EACH_CONTROL, written) : text;
}

/** The same for what has to stay on one line and in one column. */
export function printableCell(text: string): string {
  return printable(text).replace(/[\t\n]/g, (char) => (char === '\t' ? '\\t' : '\\n'));
}

const written = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
