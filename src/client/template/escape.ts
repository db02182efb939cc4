import { isPrintable } from './printf.ts';

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

/** HTML's special characters, as Go's template.HTMLEscape writes them. */
export const escapeHtml = (text: string) => text.replace(/["'&<>\0]/g, (mark) => HTML[mark] ?? mark);

/** Text escaped for a JavaScript string, as Go's template.JSEscape writes it. */
export function escapeJs(text: string): string {
  let escaped = '';
  for (const rune of text) escaped += escapeRune(rune);
  return escaped;
}

function escapeRune(rune: string): string {
  if (/[\\'"]/.test(rune)) return `\\${rune}`;
  const code = rune.codePointAt(0) ?? 0;
  const plain = code < 0x80 ? code >= 0x20 && !/[<>&=]/.test(rune) : isPrintable(rune);
  return plain ? rune : `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Text escaped for a URL query, as Go's url.QueryEscape writes it. */
export const escapeQuery = (text: string) =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
