import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const SOURCE = resolve(import.meta.dirname, '../src');

/** The directories that each directory of src/ may import besides itself: docs/ARCHITECTURE.md, "Directories". */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  api: ['core'],
  http: ['core'],
  host: ['core'],
  store: ['core', 'host'],
  image: ['core', 'api', 'host', 'store'],
  network: ['core', 'api', 'host', 'store'],
  volume: ['core', 'api', 'host', 'store'],
  container: ['core', 'api', 'host', 'store'],
  builder: ['core', 'api', 'image'],
  registry: ['core', 'api', 'host', 'http', 'store'],
  engine: ['core', 'api', 'host', 'store', 'image', 'network', 'volume', 'container', 'builder'],
  daemon: ['core', 'api', 'http', 'volume', 'container', 'engine'],
  client: ['core', 'api'],
  compose: ['core', 'api', 'client'],
  bin: ['core', 'api', 'host', 'store', 'engine', 'daemon', 'client', 'registry', 'compose'],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  const statement =
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s+'(\.[^']+)'|import\(\s*'(\.[^']+)'\s*\)|(?:^|\n)import\s+'(\.[^']+)'/g;
  for (const match of text.matchAll(statement)) {
    const target = match[2] ?? match[3] ?? match[4];
    if (target) found.push({ from: file, to: resolve(dirname(file), target) });
  }
  return found;
}

const directoryOf = (file: string) => relative(SOURCE, file).split('/')[0] ?? '';
const allImports = sourceFiles(SOURCE).flatMap(importsOf);

test('every import points down the list of directories', () => {
  const against = allImports.filter(({ from, to }) => {
    if (from.endsWith('.test.ts') || from.includes('/testing/')) return false;
    const [source, target] = [directoryOf(from), directoryOf(to)];
    return source !== target && !MAY_IMPORT[source]?.includes(target);
  });
  assert.deepEqual(
    against.map(({ from, to }) => `${relative(SOURCE, from)} -> ${relative(SOURCE, to)}`),
    [],
  );
});

test('no module imports itself through others, not even for a type', () => {
  const graph = new Map<string, string[]>();
  for (const { from, to } of allImports) graph.set(from, [...(graph.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].map((f) => relative(SOURCE, f)).join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(cycles, []);
});
