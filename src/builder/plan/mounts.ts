import { posix } from 'node:path';
import { entryOf } from '../../core/entry-of.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import type { Origin, Run } from '../parse/instruction.ts';
import { suggestion } from '../parse/suggest.ts';
import type { StageDraft } from './draft.ts';
import type { CopyOrigin, PlannedMount } from './graph.ts';

type MountType = PlannedMount['type'];
type Fields = ReadonlyMap<string, string>;

const TYPES: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const SHARING = ['shared', 'private', 'locked'] as const;
const ALIASES: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
};
const KEYS: Readonly<Record<MountType, readonly string[]>> = {
  bind: ['type', 'from', 'source', 'target', 'readonly', 'readwrite'],
  cache: ['type', 'from', 'source', 'target', 'readonly', 'readwrite', 'id', 'sharing', 'mode', 'uid', 'gid'],
  tmpfs: ['type', 'target', 'size', 'readonly', 'readwrite'],
  secret: ['type', 'source', 'target', 'id', 'required', 'env', 'mode', 'uid', 'gid'],
  ssh: ['type', 'target', 'id', 'required', 'mode', 'uid', 'gid'],
};

/** Parses the `--mount` flags of a RUN and expands their variables. */
export async function planMounts(draft: StageDraft, run: Run & Origin): Promise<PlannedMount[]> {
  const mounts: PlannedMount[] = [];
  for (const text of run.mounts) {
    const fields = readFields(text, (value) => draft.scope.expand(value));
    const from = fields.get('from');
    const origin = from ? await draft.context.originOf(from, draft.entry, run.span) : undefined;
    mounts.push(plannedMount(fields, origin, draft.image.run.WorkingDir ?? '/'));
  }
  return mounts;
}

/** The references of `from=` in `--mount` flags, before expansion. */
export function mountSources(run: Run): string[] {
  return run.mounts.flatMap((mount) => [...mount.matchAll(/(?:^|,)from=([^,$]+)/g)].map((m) => m[1] ?? ''));
}

function readFields(text: string, expand: (value: string) => string): Fields {
  const fields = new Map<string, string>([['type', 'bind']]);
  for (const part of splitFields(text)) {
    const equals = part.indexOf('=');
    const written = (equals === -1 ? part : part.slice(0, equals)).toLowerCase();
    const key = entryOf(ALIASES, written) ?? written;
    const flag = ['readonly', 'readwrite', 'required'].includes(key);
    if (equals === -1 && !flag) throw invalidParameter(`invalid field '${part}' must be a key=value pair`);
    const raw = equals === -1 ? 'true' : part.slice(equals + 1);
    if (key === 'from' && /\$./.test(raw)) {
      throw invalidParameter("'from' doesn't support variable expansion, define alias stage instead");
    }
    fields.set(key, expand(raw));
  }
  checkFields(fields, text);
  return fields;
}

/** Splits at commas; a field in double quotes may contain commas, as in CSV. */
function splitFields(text: string): string[] {
  return [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)]
    .map((match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    .filter((field) => field !== '');
}

function checkFields(fields: Fields, text: string): void {
  const type = fields.get('type') ?? '';
  const known = TYPES.find((candidate) => candidate === type);
  if (!known) throw invalidParameter(`unsupported mount type "${type}"${suggestion(type, TYPES)}`);
  for (const key of fields.keys()) {
    if (KEYS[known].includes(key)) continue;
    const exists = Object.values(KEYS).some((keys) => keys.includes(key));
    if (exists) throw invalidParameter(`unexpected key '${key}' for mount type '${type}'`);
    throw invalidParameter(`unexpected key '${key}' in '${text}'${suggestion(key, KEYS[known])}`);
  }
}

function plannedMount(fields: Fields, from: CopyOrigin | undefined, cwd: string): PlannedMount {
  const type = fields.get('type');
  const written = fields.get('target');
  const target = written === undefined ? undefined : posix.resolve('/', cwd, written);
  const source = posix.resolve('/', fields.get('source') ?? '/');
  if (type === 'secret') return secretMount(fields, target);
  if (type === 'ssh') {
    const id = fields.get('id') ?? 'default';
    return {
      type,
      id,
      ...(target ? { target } : {}),
      required: flag(fields, 'required'),
      ...owner(fields, 0o600),
    };
  }
  if (target === undefined || target === '/')
    throw invalidParameter(`invalid mount target "${written ?? ''}"`);
  if (type === 'tmpfs') {
    const size = fields.get('size');
    return { type, target, ...(size === undefined ? {} : { size: parseBytes(size) }) };
  }
  if (type === 'cache') {
    const written = fields.get('sharing') ?? 'shared';
    const sharing = SHARING.find((mode) => mode === written.toLowerCase());
    if (!sharing)
      throw invalidParameter(`unsupported sharing value "${written}"${suggestion(written, SHARING)}`);
    const id = fields.get('id') || target;
    const readOnly = isReadOnly(fields, false);
    return {
      type,
      target,
      id,
      sharing,
      readOnly,
      source,
      ...(from ? { from } : {}),
      ...owner(fields, 0o755),
    };
  }
  return {
    type: 'bind',
    target,
    from: from ?? { kind: 'context' },
    source,
    readOnly: isReadOnly(fields, true),
  };
}

function secretMount(fields: Fields, target: string | undefined): PlannedMount {
  const variable = fields.get('env');
  const id = fields.get('id') ?? fields.get('source') ?? (target ? posix.basename(target) : undefined);
  if (id === undefined) throw invalidParameter('invalid secret mount. one of source, target required');
  const path = target ?? (variable === undefined ? `/run/secrets/${posix.basename(id)}` : undefined);
  return {
    type: 'secret',
    id,
    ...(path === undefined ? {} : { target: path }),
    ...(variable === undefined ? {} : { variable }),
    required: flag(fields, 'required'),
    ...owner(fields, 0o400),
  };
}

function owner(fields: Fields, mode: number): { mode: number; uid: number; gid: number } {
  return {
    mode: number(fields, 'mode', 8) ?? mode,
    uid: number(fields, 'uid', 10) ?? 0,
    gid: number(fields, 'gid', 10) ?? 0,
  };
}

function number(fields: Fields, key: string, base: 8 | 10): number | undefined {
  const text = fields.get(key);
  if (text === undefined) return undefined;
  if (!(base === 8 ? /^[0-7]+$/ : /^\d+$/).test(text)) {
    throw invalidParameter(`invalid value ${text} for ${key}`);
  }
  return Number.parseInt(text, base);
}

function flag(fields: Fields, key: string): boolean {
  const text = fields.get(key);
  if (text === undefined) return false;
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw invalidParameter(`invalid value for ${key}: ${text}`);
}

function isReadOnly(fields: Fields, byDefault: boolean): boolean {
  if (fields.has('readonly')) return flag(fields, 'readonly');
  return fields.has('readwrite') ? !flag(fields, 'readwrite') : byDefault;
}
