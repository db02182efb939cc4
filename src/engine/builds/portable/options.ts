import { invalidParameter } from '../../../core/errors.ts';
import { parseReference, withDefaultTag } from '../../../core/reference.ts';

/** Where the cache is exported to after a build. */
export type CacheTarget = { readonly mode: 'min' | 'max'; readonly ignoreErrors: boolean } & (
  | { readonly type: 'inline' | 'local' }
  | { readonly type: 'registry'; readonly reference: string; readonly insecure: boolean }
);

/** Where a cache is imported from before a build. */
export type CacheOrigin =
  | {
      readonly type: 'registry';
      readonly reference: string;
      readonly insecure: boolean;
      /** Named as in the classic builder: a local image is preferred. */
      readonly bare: boolean;
    }
  /** A directory that the client sent: a context of the session. */
  | { readonly type: 'local'; readonly context: string };

const TO_KEYS = [
  'type',
  'ref',
  'mode',
  'ignore-error',
  'dest',
  'image-manifest',
  'oci-mediatypes',
  'compression',
];
const FROM_KEYS = ['type', 'ref', 'src', 'context'];
const INSECURE = 'registry.insecure';

/** Reads `--cache-to`: `REFERENCE`, or `type=inline|registry|local[,mode=min|max]…`. @throws BargeError. */
export function readCacheTarget(text: string): CacheTarget {
  const fields = readCacheFields(text, '--cache-to', [...TO_KEYS, INSECURE]);
  const type = fields.get('type') ?? '';
  const mode = fields.get('mode') ?? 'min';
  const wrong = (why: string) => invalidParameter(`invalid argument "${text}" for "--cache-to" flag: ${why}`);
  if (mode !== 'min' && mode !== 'max') throw wrong(`mode "${mode}": want min or max`);
  const compression = fields.get('compression') ?? 'gzip';
  if (compression !== 'gzip') throw wrong(`compression "${compression}" is not supported: layers are gzip`);
  const common = { mode, ignoreErrors: fields.get('ignore-error') === 'true' } as const;
  if (type === 'inline' && mode === 'max')
    throw wrong('an image cannot contain steps that are not its own: want mode=min');
  if (type === 'inline' || type === 'local') return { ...common, type };
  if (type !== 'registry') throw wrong(`type "${type}" is not supported: want inline, registry or local`);
  return { ...common, ...registryOf(fields, wrong) };
}

/** Reads `--cache-from`: `REFERENCE`, or `type=registry,ref=…|local,src=…`. @throws BargeError. */
export function readCacheOrigin(text: string): CacheOrigin {
  const fields = readCacheFields(text, '--cache-from', [...FROM_KEYS, INSECURE]);
  const type = fields.get('type') ?? '';
  const wrong = (why: string) =>
    invalidParameter(`invalid argument "${text}" for "--cache-from" flag: ${why}`);
  if (type === 'registry') return { ...registryOf(fields, wrong), bare: !text.includes('=') };
  const context = fields.get('context') ?? '';
  if (type === 'local' && context !== '') return { type: 'local', context };
  throw wrong(
    type === 'local'
      ? 'a directory has to be sent by the client: use barge build'
      : `type "${type}" is not supported: want registry or local`,
  );
}

function registryOf(fields: ReadonlyMap<string, string>, wrong: (why: string) => Error) {
  const text = fields.get('ref') ?? '';
  if (text === '') throw wrong('ref is required: name the image of the cache');
  parseReference(text);
  return { type: 'registry', reference: text, insecure: fields.get(INSECURE) === 'true' } as const;
}

function readCacheFields(text: string, flag: string, known: readonly string[]): Map<string, string> {
  if (!text.includes('='))
    return new Map([
      ['type', 'registry'],
      ['ref', text],
    ]);
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(0, equals)).trim().toLowerCase();
    if (equals === -1 || !known.includes(key))
      throw invalidParameter(`invalid argument "${text}" for "${flag}" flag: unexpected "${part}"`);
    fields.set(key, part.slice(equals + 1));
  }
  return fields;
}

export const cacheReference = (text: string) => withDefaultTag(parseReference(text));
