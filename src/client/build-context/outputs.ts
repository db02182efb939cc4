import { entryOf } from '../../core/entry-of.ts';
import { invalidParameter } from '../../core/errors.ts';
import { splitCsv } from '../create/csv.ts';
import type { FlagValues } from '../flags.ts';
import { refuseTerminal } from '../output/file.ts';
import { readFields } from './secrets.ts';

/** What to do with the result. A file of '' is standard output. */
export type BuildOutput =
  | { readonly kind: 'local'; readonly directory: string; readonly split: boolean }
  /** The image's files. */
  | { readonly kind: 'tar'; readonly file: string; readonly split: boolean }
  /** The image itself, as `save` writes it. */
  | { readonly kind: 'archive'; readonly file: string }
  /** The same, unpacked: an OCI layout. */
  | { readonly kind: 'layout'; readonly directory: string }
  | { readonly kind: 'image'; readonly names: readonly string[]; readonly push: boolean };

export interface BuildOutputs {
  readonly outputs: readonly BuildOutput[];
  /** Names that outputs give the image besides `--tag`. */
  readonly names: readonly string[];
  /** Annotations of outputs, as `--annotation` takes them. */
  readonly annotations: readonly string[];
  readonly rewriteTimes: boolean;
}

const IMAGE = ['name', 'push', 'store', 'unpack', 'oci-mediatypes', 'compression', 'rewrite-timestamp'];
const KEYS: Readonly<Record<string, readonly string[]>> = {
  local: ['dest', 'platform-split'],
  tar: ['dest', 'platform-split'],
  docker: ['dest', 'tar', ...IMAGE],
  oci: ['dest', 'tar', ...IMAGE],
  image: IMAGE,
  registry: IMAGE,
};
/** These options accept only the value that Barge always uses. */
const FIXED: Readonly<Record<string, string>> = {
  compression: 'gzip',
  'oci-mediatypes': 'true',
  store: 'true',
};

/** Reads `--output` and `--push`. Without any, the image stays in the daemon. */
export function readOutputs(flags: FlagValues): BuildOutputs {
  const read = flags.list('output').map(readOutput);
  const outputs = read.map(({ output }) => output);
  if (flags.bool('push')) outputs.push({ kind: 'image', names: [], push: true });
  const names = outputs.flatMap((output) => (output.kind === 'image' ? output.names : []));
  if (outputs.filter(toStandardOutput).length > 1) {
    throw invalidParameter('only one output can go to standard output');
  }
  const pushes = outputs.some((output) => output.kind === 'image' && output.push);
  if (pushes && names.length + flags.list('tag').length === 0) {
    throw invalidParameter('tag is needed when pushing to registry');
  }
  return {
    outputs,
    names,
    annotations: read.flatMap(({ annotations }) => annotations),
    rewriteTimes: read.some(({ rewriteTimes }) => rewriteTimes),
  };
}

interface ReadOutput {
  readonly output: BuildOutput;
  readonly annotations: readonly string[];
  readonly rewriteTimes: boolean;
}

function readOutput(text: string): ReadOutput {
  const none = { annotations: [], rewriteTimes: false };
  if (text === '-') return { output: { kind: 'tar', file: '', split: true }, ...none };
  if (!text.includes('=')) return { output: { kind: 'local', directory: text, split: true }, ...none };
  const wrong = (why: string) => invalidParameter(`invalid argument "${text}" for "--output" flag: ${why}`);
  const parts = splitCsv(text);
  const annotations = parts.flatMap((part) => annotationOf(part) ?? []);
  const plain = parts.filter((part) => annotationOf(part) === undefined);
  const type = /^type=(.*)$/i.exec(plain.find((part) => /^type=/i.test(part)) ?? '')?.[1] ?? '';
  const keys = entryOf(KEYS, type);
  if (!keys) throw wrong(`unknown type "${type}": want local, tar, oci, docker, image or registry`);
  if (annotations.length > 0 && !keys.includes('name'))
    throw wrong(`output of type ${type} cannot have annotations`);
  const fields = readFields(plain, '--output', ['type', ...keys]);
  for (const [key, only] of Object.entries(FIXED)) {
    const value = fields.get(key) ?? only;
    if (value !== only) throw wrong(`${key}=${value} is not supported: it is always ${only}`);
  }
  const rewriteTimes = fields.get('rewrite-timestamp') === 'true';
  return { output: outputOf(type, fields, wrong), annotations, rewriteTimes };
}

/** `annotation[-PLACE][[PLATFORM]].KEY=VALUE` as `--annotation` takes it; undefined for other fields. */
function annotationOf(part: string): string | undefined {
  const [, place = '', platform = '', pair = ''] =
    /^annotation(?:-(manifest|index|manifest-descriptor))?(\[[^\]]*\])?\.(.+=.*)$/s.exec(part) ?? [];
  return pair === '' ? undefined : `${place || 'manifest'}${platform}:${pair}`;
}

function outputOf(
  type: string,
  fields: ReadonlyMap<string, string>,
  wrong: (why: string) => Error,
): BuildOutput {
  const dest = fields.get('dest') ?? '';
  const file = dest === '-' ? '' : dest;
  const split = fields.get('platform-split') !== 'false';
  const names = (fields.get('name') ?? '').split(',').filter(Boolean);
  switch (type) {
    case 'local':
      if (file === '') throw wrong('dest is required for local exporter: name a directory');
      return { kind: 'local', directory: dest, split };
    case 'tar':
      return { kind: 'tar', file, split };
    case 'registry':
      return { kind: 'image', names, push: true };
    case 'image':
      return { kind: 'image', names, push: fields.get('push') === 'true' };
    default:
      if (type === 'docker' && dest === '') return { kind: 'image', names, push: false };
      if (fields.get('tar') !== 'false') return { kind: 'archive', file };
      if (file === '') throw wrong('dest is required: name a directory');
      return { kind: 'layout', directory: dest };
  }
}

export function toStandardOutput(output: BuildOutput): boolean {
  return (output.kind === 'tar' || output.kind === 'archive') && output.file === '';
}

/** Fails before the build where writing the output would fail after it. */
export function checkOutputs(outputs: readonly BuildOutput[]): void {
  for (const output of outputs) if (toStandardOutput(output)) refuseTerminal('');
}
