import fc from 'fast-check';

/** One change to an input; positions are fractions, so that they fit inputs of any length. */
type Change =
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'remove'; readonly at: number; readonly share: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly share: number; readonly times: number }
  | { readonly kind: 'splice'; readonly at: number; readonly with: string; readonly from: number }
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number };

/** Inputs that often break parsers: terminators, separators, boundary numbers, names of prototype members, invalid UTF-8. */
const NASTY = [
  ...[
    '',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\0',
    '\\',
    '"',
    "'",
    '`',
    '$',
    '${',
    '}',
    '{{',
    '}}',
    '[',
    ']',
    '(',
    ')',
    '*',
    '**',
    '?',
    '!',
    '#',
    '%',
    '%2',
    '%zz',
  ],
  ...[
    '/',
    '//',
    '.',
    '..',
    '../',
    ':',
    '::',
    '@',
    '=',
    ',',
    ';',
    '|',
    '&',
    '<<',
    '<<-',
    '-',
    '--',
    '~',
    '^',
    '+',
  ],
  ...[
    '0',
    '-1',
    '007',
    '1e999',
    '4294967296',
    '9007199254740993',
    '18446744073709551616',
    'NaN',
    'null',
    'true',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'ü',
    '\ud800',
    '\u2028',
    '🚢',
    '\x7f',
    '\x80',
    '\xff',
    'a'.repeat(300),
  ],
];

const fraction = fc.integer({ min: 0, max: 1000 });
const nasty = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY) },
  fc.string({ unit: 'binary', maxLength: 8 }),
);

const change = (seeds: readonly string[], words: readonly string[]): fc.Arbitrary<Change> =>
  fc.oneof(
    fc.record({
      kind: fc.constant('insert' as const),
      at: fraction,
      text: words.length > 0 ? fc.oneof(nasty, fc.constantFrom(...words)) : nasty,
    }),
    fc.record({ kind: fc.constant('remove' as const), at: fraction, share: fraction }),
    fc.record({
      kind: fc.constant('repeat' as const),
      at: fraction,
      share: fraction,
      times: fc.constantFrom(1, 2, 3, 50),
    }),
    fc.record({
      kind: fc.constant('splice' as const),
      at: fraction,
      with: fc.constantFrom(...seeds),
      from: fraction,
    }),
    fc.record({ kind: fc.constant('flip' as const), at: fraction, bit: fc.integer({ min: 0, max: 7 }) }),
  );

/** Characters. Longer inputs find nothing more and take long. */
const MAX_LENGTH = 20_000;

const place = (text: string, at: number) => Math.floor((text.length * at) / 1000);

function apply(text: string, one: Change): string {
  const at = place(text, one.at);
  const before = text.slice(0, at);
  switch (one.kind) {
    case 'insert':
      return before + one.text + text.slice(at);
    case 'remove':
      return before + text.slice(at + 1 + place(text.slice(at), one.share));
    case 'repeat':
      return (
        before +
        text.slice(at, at + 1 + place(text.slice(at), one.share)).repeat(one.times + 1) +
        text.slice(at)
      );
    case 'splice':
      return before + one.with.slice(place(one.with, one.from));
    case 'flip':
      return at < text.length
        ? before + String.fromCharCode(text.charCodeAt(at) ^ (1 << one.bit)) + text.slice(at + 1)
        : text;
  }
}

/** Inputs near the seeds. @param words additional texts to insert, such as the parser's keywords. */
export const textNear = (seeds: readonly string[], words: readonly string[] = []): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...seeds), fc.array(change(seeds, words), { maxLength: 6 }))
    .map(([seed, changes]) => changes.reduce(apply, seed).slice(0, MAX_LENGTH));

/** The same for bytes. */
export const bytesNear = (seeds: readonly Uint8Array[]): fc.Arbitrary<Buffer> =>
  textNear(seeds.map((seed) => Buffer.from(seed).toString('latin1'))).map((text) =>
    Buffer.from(text, 'latin1'),
  );

/** Bytes, and where to split them into chunks. */
export const chunked = (bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<readonly Buffer[]> =>
  fc.tuple(bytes, fc.array(fraction, { maxLength: 5 })).map(([whole, cuts]) => {
    const places = cuts.map((cut) => Math.floor((whole.length * cut) / 1000)).sort((a, b) => a - b);
    const chunks: Buffer[] = [];
    let from = 0;
    for (const to of [...places, whole.length]) {
      chunks.push(whole.subarray(from, to));
      from = to;
    }
    return chunks;
  });
