import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import { familiarName, parseReference, withDefaultTag } from '../../core/reference.ts';
import { registryAuthHeader } from '../auth/registry-auth.ts';
import type { Cli } from '../cli.ts';
import { extractInto } from '../copy/extract.ts';
import type { FlagValues } from '../flags.ts';
import { refuseTerminal, writeOutput } from '../images/output-file.ts';
import { showProgress } from '../progress/show.ts';
import { readFields } from './secrets.ts';

export type BuildOutput =
  | { readonly kind: 'local'; readonly folder: string }
  /** The image's files. '' is standard output. */
  | { readonly kind: 'tar'; readonly file: string }
  /** The image itself, as `save` writes it. */
  | { readonly kind: 'archive'; readonly file: string }
  | { readonly kind: 'image'; readonly names: readonly string[]; readonly push: boolean };

const KEYS = ['type', 'dest', 'name', 'push', 'tar', 'store'];

/** What is to become of the result: `--output`, `--push`. None: the image stays with the daemon. */
export function readOutputs(flags: FlagValues): BuildOutput[] {
  const outputs = flags.list('output').map(readOutput);
  if (flags.bool('push')) outputs.push({ kind: 'image', names: [], push: true });
  if (outputs.filter(toStandardOutput).length > 1) {
    throw invalidParameter('only one output can go to standard output');
  }
  if (outputs.some((output) => output.kind === 'image' && output.push)) {
    const named = outputs.some((output) => output.kind === 'image' && output.names.length > 0);
    if (!named && flags.list('tag').length === 0)
      throw invalidParameter('tag is needed when pushing to registry');
  }
  return outputs;
}

function readOutput(text: string): BuildOutput {
  if (text === '-') return { kind: 'tar', file: '' };
  if (!text.includes('=')) return { kind: 'local', folder: text };
  const fields = readFields(text, '--output', KEYS);
  const type = fields.get('type') ?? '';
  const dest = fields.get('dest') ?? '';
  const wrong = (why: string) => invalidParameter(`invalid argument "${text}" for "--output" flag: ${why}`);
  switch (type) {
    case 'local':
      if (dest === '' || dest === '-') throw wrong('dest is required for local exporter: name a folder');
      return { kind: 'local', folder: dest };
    case 'tar':
      return { kind: 'tar', file: dest === '-' ? '' : dest };
    case 'docker':
      if (dest === '') return { kind: 'image', names: namesOf(fields), push: false };
      return { kind: 'archive', file: dest === '-' ? '' : dest };
    case 'oci':
      if (fields.get('tar') === 'false') throw wrong('a folder is not supported: unpack the archive');
      return { kind: 'archive', file: dest === '-' ? '' : dest };
    case 'image':
      return { kind: 'image', names: namesOf(fields), push: fields.get('push') === 'true' };
    case 'registry':
      return { kind: 'image', names: namesOf(fields), push: true };
    default:
      throw wrong(`unknown type "${type}": want local, tar, oci, docker, image or registry`);
  }
}

const namesOf = (fields: ReadonlyMap<string, string>) => {
  const name = fields.get('name') ?? '';
  return name === '' ? [] : [name];
};

export function toStandardOutput(output: BuildOutput): boolean {
  return (output.kind === 'tar' || output.kind === 'archive') && output.file === '';
}

/** Whether the image itself is not wanted, only its files. */
export function wantsFilesOnly(outputs: readonly BuildOutput[]): boolean {
  return outputs.length > 0 && outputs.every(({ kind }) => kind === 'local' || kind === 'tar');
}

/** Before anything is built: what would fail afterwards. */
export function checkOutputs(outputs: readonly BuildOutput[]): void {
  for (const output of outputs) if (toStandardOutput(output)) refuseTerminal('');
}

/** Writes or sends what has been built. @param tags names of the build itself. */
export async function deliver(
  cli: Cli,
  id: string,
  tags: readonly string[],
  outputs: readonly BuildOutput[],
  quiet: boolean,
): Promise<void> {
  for (const output of outputs) {
    switch (output.kind) {
      case 'local': {
        const folder = resolve(output.folder);
        await mkdir(folder, { recursive: true });
        await extractInto(folder, await filesOf(cli, id), { owners: process.getuid?.() === 0 });
        break;
      }
      case 'tar':
        await writeOutput(cli, output.file, await filesOf(cli, id));
        break;
      case 'archive': {
        const names = tags.length > 0 ? tags : [id];
        const { body } = await cli.engine.request('GET', '/images/get', { query: { names } });
        await writeOutput(cli, output.file, body);
        break;
      }
      case 'image':
        if (output.push) for (const name of [...tags, ...output.names]) await push(cli, name, quiet);
        break;
    }
  }
  if (wantsFilesOnly(outputs) && tags.length === 0) {
    await cli.engine.call('DELETE', `/barge/images/${id}/files`);
  }
}

async function filesOf(cli: Cli, id: string): Promise<AsyncIterable<Uint8Array>> {
  const { body } = await cli.engine.request('GET', `/barge/images/${id}/files`);
  return body;
}

async function push(cli: Cli, name: string, quiet: boolean): Promise<void> {
  const reference = withDefaultTag(parseReference(name));
  const { body } = await cli.engine.request('POST', `/images/${familiarName(reference)}/push`, {
    query: { tag: reference.tag },
    headers: { 'X-Registry-Auth': await registryAuthHeader(cli.configFolder, name) },
  });
  await showProgress(cli, body, { quiet });
}
