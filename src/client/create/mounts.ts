import { resolve } from 'node:path';
import type { MountRequest } from '../../api/engine/volumes.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import { parseBoolean } from '../flag-types.ts';
import { splitPair } from '../flags.ts';
import { splitCsv } from './csv.ts';

interface VolumeFlags {
  /** `HostConfig.Binds`: the mounts with a source. */
  readonly binds: readonly string[];
  /** `Config.Volumes`: anonymous volumes. */
  readonly volumes: Readonly<Record<string, Record<string, never>>>;
}

/** Reads `-v [source:]target[:options]`; relative sources (`./x`) count from the working directory. */
export function parseVolumes(specs: readonly string[]): VolumeFlags {
  const binds: string[] = [];
  const volumes: Record<string, Record<string, never>> = {};
  for (const spec of specs) {
    if (spec === '') throw invalidParameter('invalid empty volume spec');
    if (spec.startsWith(':') || spec.endsWith(':')) {
      throw invalidParameter(`invalid spec: ${spec}: empty section between colons`);
    }
    const colon = spec.indexOf(':');
    if (colon === -1) volumes[spec] = {};
    else binds.push(absoluteSource(spec.slice(0, colon)) + spec.slice(colon));
  }
  return { binds, volumes };
}

const absoluteSource = (source: string) => (source.startsWith('.') ? resolve(source) : source);

type Draft = {
  -readonly [Key in keyof MountRequest]: MountRequest[Key];
};

/**
 * Reads one `--mount key=value,…`.
 * @throws BargeError invalid-parameter in docker's words.
 */
export function parseMount(spec: string): MountRequest {
  const mount: Draft = { Type: 'volume', Target: '' };
  for (const field of splitCsv(spec)) {
    const [key, value] = splitPair(field);
    if (!field.includes('=') && !STANDALONE.has(key.toLowerCase())) {
      throw invalidParameter(`invalid field '${field}' must be a key=value pair`);
    }
    applyField(mount, key.toLowerCase(), value, field);
  }
  if (mount.Target === '') throw invalidParameter('target is required');
  checkMix(mount);
  return mount;
}

const STANDALONE = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src']);
/** A key without a value means true. */
function truth(value: string, field: string): boolean {
  if (!field.includes('=')) return true;
  try {
    return parseBoolean(value);
  } catch (cause) {
    throw invalidParameter(`invalid value for ${field.split('=', 1)[0]}: ${value}`, { cause });
  }
}

function applyField(mount: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case 'type':
      mount.Type = value.toLowerCase() as MountRequest['Type'];
      return;
    case 'source':
    case 'src':
      mount.Source = value.startsWith('.') ? resolve(value) : value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value;
      return;
    case 'readonly':
    case 'ro':
      mount.ReadOnly = truth(value, field);
      return;
    case 'consistency':
      mount.Consistency = value.toLowerCase();
      return;
    default:
      applyTypedField(mount, key, value, field);
  }
}

function applyTypedField(mount: Draft, key: string, value: string, field: string): void {
  if (key.startsWith('bind-')) applyBindField(mount, key, value, field);
  else if (key.startsWith('volume-')) applyVolumeField(mount, key, value, field);
  else if (key === 'image-subpath') mount.ImageOptions = { Subpath: value };
  else if (key === 'tmpfs-size') mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseBytes(value) };
  else if (key === 'tmpfs-mode') {
    if (!/^[0-7]+$/.test(value)) throw invalidParameter(`invalid value for ${key}: ${value}`);
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
  } else throw invalidParameter(`unexpected key '${key}' in '${field}'`);
}

function applyBindField(mount: Draft, key: string, value: string, field: string): void {
  const options = mount.BindOptions ?? {};
  if (key === 'bind-propagation') mount.BindOptions = { ...options, Propagation: value.toLowerCase() };
  else if (key === 'bind-nonrecursive') mount.BindOptions = { ...options, NonRecursive: truth(value, field) };
  else if (key === 'bind-create-src')
    mount.BindOptions = { ...options, CreateMountpoint: truth(value, field) };
  else if (key === 'bind-recursive') {
    const meanings: Record<string, MountRequest['BindOptions'] & object> = {
      enabled: {},
      disabled: { NonRecursive: true },
      writable: { ReadOnlyNonRecursive: true },
      readonly: { ReadOnlyForceRecursive: true },
    };
    const meaning = meanings[value];
    if (!meaning) {
      throw invalidParameter(
        `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
    }
    mount.BindOptions = { ...options, ...meaning };
  } else throw invalidParameter(`unexpected key '${key}' in '${field}'`);
}

function applyVolumeField(mount: Draft, key: string, value: string, field: string): void {
  const options = mount.VolumeOptions ?? {};
  const driver = options.DriverConfig ?? {};
  const [name, text] = splitPair(value);
  if (key === 'volume-nocopy') mount.VolumeOptions = { ...options, NoCopy: truth(value, field) };
  else if (key === 'volume-subpath') mount.VolumeOptions = { ...options, Subpath: value };
  else if (key === 'volume-label') {
    mount.VolumeOptions = { ...options, Labels: { ...options.Labels, [name]: text } };
  } else if (key === 'volume-driver') {
    mount.VolumeOptions = { ...options, DriverConfig: { ...driver, Name: value } };
  } else if (key === 'volume-opt') {
    const config = { ...driver, Options: { ...driver.Options, [name]: text } };
    mount.VolumeOptions = { ...options, DriverConfig: config };
  } else throw invalidParameter(`unexpected key '${key}' in '${field}'`);
}

function checkMix(mount: Draft): void {
  const groups = [
    ['bind', mount.BindOptions],
    ['volume', mount.VolumeOptions],
    ['tmpfs', mount.TmpfsOptions],
    ['image', mount.ImageOptions],
  ] as const;
  for (const [type, options] of groups) {
    if (options && mount.Type !== type) {
      throw invalidParameter(`cannot mix '${type}-*' options with mount type '${mount.Type}'`);
    }
  }
  checkRecursion(mount);
}

/** Submounts of a bind can be made read-only, or stay writable, only when the bind itself is read-only. */
function checkRecursion({ BindOptions: bind, ReadOnly, Type }: Draft): void {
  if (Type !== 'bind' || !bind) return;
  const mode = bind.ReadOnlyForceRecursive ? 'readonly' : bind.ReadOnlyNonRecursive ? 'writable' : undefined;
  if (mode === undefined) return;
  const need = (what: string) =>
    invalidParameter(`option 'bind-recursive=${mode}' requires '${what}' to be specified in conjunction`);
  if (!ReadOnly) throw need('readonly');
  if (mode === 'readonly' && bind.Propagation !== 'rprivate') throw need('bind-propagation=rprivate');
}
