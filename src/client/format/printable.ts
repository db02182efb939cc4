const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
const EACH_CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * Escapes text for a terminal: control characters of C0 and C1, which could control the terminal, are written as
 * `\u001b`. Newlines and tabs are kept. Text from images, registries and daemons may contain any of them.
 */
export function printable(text: string): string {
  return CONTROLS.test(text) ? text.replace(EACH_CONTROL, written) : text;
}

/** The same for text that must stay on one line and in one column. */
export function printableCell(text: string): string {
  return printable(text).replace(/[\t\n]/g, (char) => (char === '\t' ? '\\t' : '\\n'));
}

const written = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
