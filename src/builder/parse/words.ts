/** A word of an instruction, with its position in the logical line. */
export interface Word {
  readonly text: string;
  readonly offset: number;
}

/** Splits at white space alone, as FROM, COPY and EXPOSE do. */
export function plainWords(text: string, offset = 0): Word[] {
  return [...text.matchAll(/[^\s]+/g)].map((match) => ({ text: match[0], offset: offset + match.index }));
}

/**
 * Splits at white space outside quotes; quotes and escapes stay in the words until variables are expanded. An
 * unterminated quote extends to the end.
 */
export function rawWords(text: string, escapeChar: string, offset = 0): Word[] {
  const words: Word[] = [];
  let start = -1;
  let word = '';
  let quote = '';
  const finish = () => {
    if (start !== -1 && word !== '') words.push({ text: word, offset: offset + start });
    start = -1;
    word = '';
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote === '' && /\s/.test(char)) {
      finish();
      continue;
    }
    if (start === -1) start = i;
    if (char === escapeChar && quote !== "'") {
      // An escape at the very end escapes nothing and is dropped.
      if (i + 1 < text.length) word += char + text[++i];
      continue;
    }
    if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    word += char;
  }
  finish();
  return words;
}

/** The unquoted `--flag[=value]` words before an instruction's arguments, and the offset of the rest. */
export function takeFlags(text: string, offset: number): { flags: Word[]; rest: Word } {
  const flags: Word[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text[at] ?? '')) at++;
    if (!text.startsWith('--', at)) break;
    const start = at;
    let word = '';
    let quote = '';
    for (; at < text.length; at++) {
      const char = text[at] ?? '';
      if (quote === '' && /\s/.test(char)) break;
      if (quote === '' && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = '';
      else if (char === '\\' && at + 1 < text.length) word += text[++at];
      else word += char;
    }
    if (word === '--') break;
    flags.push({ text: word, offset: offset + start });
  }
  while (at < text.length && /\s/.test(text[at] ?? '')) at++;
  return { flags, rest: { text: text.slice(at), offset: offset + at } };
}
