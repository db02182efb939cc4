import { invalidParameter, messageOf } from '../core/errors.ts';
import { assertNoZeroByte, destinationOf, PROPAGATIONS } from './destination.ts';
import type { MountOptions } from './mount-options.ts';

/** The flags of a mode, at most one of each kind. Labels and consistency have no effect. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  access: ['ro', 'rw'],
  label: ['z', 'Z'],
  propagation: PROPAGATIONS,
  copy: ['nocopy'],
  consistency: ['default', 'consistent', 'cached', 'delegated'],
};

/** @throws BargeError invalid-parameter for unknown or contradictory flags. */
export function modeWords(mode: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const word of mode === '' ? [] : mode.split(',')) {
    const kind = Object.keys(KINDS).find((name) => KINDS[name]?.includes(word));
    if (!kind || found.has(kind)) throw invalidParameter(`invalid mode: ${mode}`);
    found.set(kind, word);
  }
  return found;
}

function isMode(text: string): boolean {
  try {
    return modeWords(text).size > 0;
  } catch {
    return false;
  }
}

/** Reads `source:destination[:mode]` or `destination`, an entry of `HostConfig.Binds`. @throws BargeError invalid-parameter. */
export function parseBind(text: string): MountOptions {
  assertNoZeroByte(text);
  const parts = text.split(':');
  const [source = '', target = '', mode = ''] = parts;
  const broken = parts.length > 3 || parts.includes('') || (parts.length === 2 && isMode(target));
  if (broken) throw invalidParameter(`invalid volume specification: '${text}'`);
  if (parts.length === 1) return { ...volume('', place(text, text), ''), noCopy: false };
  const words = modeWords(mode);
  const destination = place(target, text);
  const readOnly = words.get('access') === 'ro';
  const propagation = words.get('propagation');
  const noCopy = words.has('copy');
  if (!source.startsWith('/')) {
    if (propagation) throw invalidParameter(`invalid mode: ${mode}`);
    return { ...volume(source, destination, mode || 'z'), readOnly, noCopy };
  }
  if (noCopy) throw invalidParameter(`invalid mode: ${mode}`);
  return {
    kind: 'bind',
    source,
    destination,
    mode,
    readOnly,
    propagation: propagation ?? 'rprivate',
    makeSource: true,
    remakesSource: true,
  };
}

const volume = (name: string, destination: string, mode: string) => ({
  kind: 'volume' as const,
  name,
  destination,
  mode,
  readOnly: false,
});

function place(target: string, text: string): string {
  try {
    return destinationOf(target);
  } catch (cause) {
    throw invalidParameter(`invalid volume specification: '${text}': ${messageOf(cause)}`, { cause });
  }
}
