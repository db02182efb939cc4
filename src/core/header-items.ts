/** An item of a header's list: `name`, `name=value` or `name="value"` (RFC 9110 sections 5.6.2 and 11.2). */
interface HeaderItem {
  readonly name: string;
  readonly value?: string;
}

const TOKEN = /[!#$%&'*+.^_`|~\w-]+/y;
const BARE = /[^\s,"]+/y;
const SPACE = /\s*/y;

/**
 * Reads a header in one pass. Anything that is not an item is skipped, as is everything from an unclosed quote on.
 */
export function headerItems(text: string): HeaderItem[] {
  const items: HeaderItem[] = [];
  for (let at = 0; at < text.length; ) {
    const name = take(TOKEN, text, at);
    if (name === '') {
      at++;
      continue;
    }
    at += name.length;
    const equals = at + take(SPACE, text, at).length;
    if (text[equals] !== '=') {
      items.push({ name });
      continue;
    }
    const from = equals + 1 + take(SPACE, text, equals + 1).length;
    if (text[from] === '"') {
      const quoted = readQuoted(text, from);
      if (!quoted) return items;
      items.push({ name, value: quoted.value });
      at = quoted.end;
    } else {
      const value = take(BARE, text, from);
      items.push(value === '' ? { name } : { name, value });
      at = from + value.length;
    }
  }
  return items;
}

/** The text that a sticky expression matches at a position. */
function take(expression: RegExp, text: string, at: number): string {
  expression.lastIndex = at;
  return expression.exec(text)?.[0] ?? '';
}

/** Reads a quoted string, starting at its opening quote. `end` is just after the closing quote. */
function readQuoted(text: string, from: number): { value: string; end: number } | undefined {
  let value = '';
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '"') return { value, end: at + 1 };
    value += char === '\\' ? (text[++at] ?? '') : char;
  }
  return undefined;
}
