import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CATALOG } from './catalog.ts';
import type { CatalogCommand, CatalogEntry, Unsupported } from './catalog-entry.ts';
import { type Flag, typeName } from './flag-types.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';

/** Every command of docker 28 by its name, with its flags as `-s,--long=type`; '' has the global ones. */
const REFERENCE: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testing/docker-commands.json'), 'utf8'),
);

/** Flags that docker lacks, and why. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  build: [
    ...['load', 'progress', 'output', 'build-context', 'secret', 'ssh', 'cache-to', 'provenance', 'sbom'],
    ...['allow', 'call', 'check', 'explain', 'metadata-file', 'no-cache-filter', 'push', 'annotation'],
    'attest',
  ],
  'builder prune': ['reserved-space', 'max-used-space', 'min-free-space'],
  'volume create': ['name'],
};

/** Flags that accept more than docker's, as in buildx: several platforms, fields with commas. */
const WIDER: Readonly<Record<string, readonly string[]>> = { build: ['cache-from', 'platform'] };

function find(path: string): CatalogEntry | undefined {
  const [name = '', verb] = path.split(' ');
  const entry = CATALOG[name];
  return verb !== undefined && entry?.kind === 'group' ? entry.commands[verb] : entry;
}

function written(flag: Flag): string {
  const type = typeName(flag.type);
  return `${flag.short ? `-${flag.short},` : ''}--${flag.name}${type === '' ? '' : `=${type}`}`;
}

function compare(path: string, flags: readonly Flag[], wanted: readonly string[]): string[] {
  const own = OWN[path] ?? OWN[path.split(' ').at(-1) ?? ''] ?? [];
  const ours = new Map(flags.map((flag) => [flag.name, written(flag)]));
  const names = wanted.map((text) => /--([\w-]+)/.exec(text)?.[1] ?? '');
  return [
    ...wanted.flatMap((text, at) => {
      const mine = ours.get(names[at] ?? '');
      if (mine === undefined) return [`${path}: lacks ${text}`];
      const wider = WIDER[path.split(' ').at(-1) ?? '']?.includes(names[at] ?? '');
      return mine === text || wider ? [] : [`${path}: has ${mine} for ${text}`];
    }),
    ...[...ours].flatMap(([name, text]) =>
      names.includes(name) || own.includes(name) ? [] : [`${path}: has ${text}, which docker lacks`],
    ),
  ];
}

test('every docker command exists with its flags, short names and types, or explains why it is unsupported', async () => {
  const differences: string[] = [];
  for (const [path, wanted] of Object.entries(REFERENCE)) {
    if (path === '') differences.push(...compare('', GLOBAL_FLAGS, wanted));
    else {
      const entry = find(path);
      if (entry?.kind === 'command') {
        differences.push(...compare(path, (await entry.load()).command.flags, wanted));
      } else if (entry?.kind !== 'unsupported') differences.push(`${path}: is missing`);
    }
  }
  assert.deepEqual(differences, []);
});

test('only commands that a single machine does not need are unsupported', () => {
  const unsupported = Object.entries(CATALOG).filter(([, entry]) => entry.kind === 'unsupported');
  assert.deepEqual(
    unsupported.map(([name]) => name),
    ['checkpoint', 'config', 'node', 'plugin', 'secret', 'service', 'stack', 'swarm', 'trust'],
  );
});

test('every command loads, has unique flags and a usage line', async () => {
  for (const [name, entry] of Object.entries(CATALOG)) {
    const commands: readonly (CatalogEntry | CatalogCommand | Unsupported)[] =
      entry.kind === 'group' ? Object.values(entry.commands) : [entry];
    for (const one of commands) {
      if (one.kind !== 'command') continue;
      const { command } = await one.load();
      const names = command.flags.flatMap((flag) => [flag.name, ...(flag.aliases ?? [])]);
      const shorts = command.flags.flatMap((flag) => flag.short ?? []);
      assert.equal(new Set(names).size, names.length, name);
      assert.equal(new Set(shorts).size, shorts.length, name);
      for (const flag of command.flags)
        assert.match(flag.description, /^[^.]+[^.]$/, `${name} --${flag.name}`);
    }
  }
});
