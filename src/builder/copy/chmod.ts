import { invalidParameter } from '../../core/errors.ts';

/** Computes an entry's new mode from its old one. */
type ChangeMode = (mode: number, isDirectory: boolean) => number;

/** Reads `--chmod`: octal (`755`) or symbolic (`u=rwX,go=rX`, `a+x`). */
export function readChmod(text: string): ChangeMode {
  if (/^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= 0o7777) {
    const mode = Number.parseInt(text, 8);
    return () => mode;
  }
  if (/^\d+$/.test(text)) {
    const range = 'it should be octal string and between 0 and 07777';
    throw invalidParameter(`invalid chmod parameter: '${text}'. ${range}`);
  }
  const changes = text.split(',').map((clause) => readClause(clause, text));
  return (mode, isDirectory) => changes.reduce((value, change) => change(value, isDirectory), mode);
}

const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const BITS: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };

function readClause(clause: string, whole: string): ChangeMode {
  const match = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause);
  if (!match) throw invalidParameter(`invalid chmod parameter: '${whole}'`);
  const who = match[1] === '' || match[1]?.includes('a') ? 'ugo' : (match[1] ?? '');
  const actions = [...(match[2] ?? '').matchAll(/([-+=])([rwxXstugo]*)/g)];
  return (mode, isDirectory) =>
    actions.reduce((value, [, operator = '', letters = '']) => {
      const bits = wantedBits(value, who, letters, isDirectory);
      if (operator === '+') return value | bits;
      if (operator === '-') return value & ~bits;
      return (value & ~ownedBits(who, isDirectory)) | bits;
    }, mode);
}

function wantedBits(mode: number, who: string, letters: string, isDirectory: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 's') bits |= (who.includes('u') ? 0o4000 : 0) | (who.includes('g') ? 0o2000 : 0);
    else if (letter === 't') bits |= 0o1000;
    else bits |= spread(who, permission(mode, letter, isDirectory));
  }
  return bits;
}

/** `X` is execute for directories and for files that any class may already execute; `u`, `g`, `o` copy. */
function permission(mode: number, letter: string, isDirectory: boolean): number {
  if (letter === 'X') return isDirectory || (mode & 0o111) !== 0 ? 1 : 0;
  const shift = SHIFT[letter];
  return shift === undefined ? (BITS[letter] ?? 0) : (mode >> shift) & 7;
}

const spread = (who: string, bits: number) =>
  [...who].reduce((sum, letter) => sum | (bits << (SHIFT[letter] ?? 0)), 0);

/** What `=` clears; a directory's setuid and setgid bits stay unless named. */
function ownedBits(who: string, isDirectory: boolean): number {
  const special = (who.includes('u') ? 0o4000 : 0) | (who.includes('g') ? 0o2000 : 0);
  return spread(who, 7) | (isDirectory ? 0 : special);
}
