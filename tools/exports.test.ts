import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '..');
const files = globSync('{src,test,fuzz,native,tools,bench}/**/*.ts', {
  cwd: ROOT,
  exclude: (name) => name === 'node_modules',
}).map((file) => join(ROOT, file));

/** Names that files import of others, by the file that they come from; `*` stands for all. */
const used = new Map<string, Set<string>>();

function use(file: string, specifier: string, names: string): void {
  const target = resolve(dirname(file), specifier);
  const known = used.get(target) ?? new Set();
  used.set(target, known);
  for (const part of names.split(',')) {
    const name = part
      .trim()
      .replace(/^type\s+/, '')
      .split(/\s+as\s+|\s*:\s*/)[0];
    if (name) known.add(name);
  }
}

const NAMED = /(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s+'(\.[^']+)'/g;
const WHOLE = /import\s+(?:type\s+)?\*\s+as\s+\w+\s+from\s+'(\.[^']+)'/g;
const LAZY = /\{([^{}]*)\}\s*=\s*\(?await import\(\s*'(\.[^']+)'/g;
const MEMBER = /import\(\s*'(\.[^']+)'\s*\)\)?\.(\w+)/g;
const OTHER = /import\(\s*'(\.[^']+)'\s*,?\s*\)/g;

for (const file of files) {
  const text = readFileSync(file, 'utf8');
  for (const [, names = '', from = ''] of text.matchAll(NAMED)) use(file, from, names);
  for (const [, from = ''] of text.matchAll(WHOLE)) use(file, from, '*');
  for (const [, names = '', from = ''] of text.matchAll(LAZY)) use(file, from, names);
  for (const [, from = '', name = ''] of text.matchAll(MEMBER)) use(file, from, name);
  const rest = text.replace(LAZY, '').replace(MEMBER, '');
  for (const [, from = ''] of rest.matchAll(OTHER)) use(file, from, '*');
}

test('whatever a module of src/ exports, another one imports', () => {
  const unused: string[] = [];
  for (const file of files.filter((one) => one.startsWith(join(ROOT, 'src/')))) {
    const names = used.get(file) ?? new Set();
    if (names.has('*')) continue;
    const declared = /^export\s+(?:async\s+)?(?:const|let|function\*?|class|interface|type)\s+(\w+)/gm;
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(declared)) {
      if (!names.has(name)) unused.push(`${relative(ROOT, file)}: ${name}`);
    }
  }
  assert.deepEqual(unused, []);
});
