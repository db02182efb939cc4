import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { messageOf } from '../../core/errors.ts';
import { parseDockerfile } from './dockerfile.ts';

const DIRECTORY = join(import.meta.dirname, 'testdata');
/** `UPDATE_GOLDEN=1` writes the results instead of comparing them; read the diff before you commit it. */
const update = process.env.UPDATE_GOLDEN === '1';

for (const name of readdirSync(DIRECTORY).sort()) {
  test(`testdata/${name} is parsed into its result.json`, () => {
    const text = readFileSync(join(DIRECTORY, name, 'Dockerfile'), 'utf8');
    const file = join(DIRECTORY, name, 'result.json');
    const result = parsed(text);
    if (update) writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
    else assert.deepEqual(JSON.parse(JSON.stringify(result)), JSON.parse(readFileSync(file, 'utf8')));
  });
}

/** The instructions with their lines, or the error message, line by line. */
function parsed(text: string): unknown {
  try {
    const { source: _, ...dockerfile } = parseDockerfile(text);
    return dockerfile;
  } catch (error) {
    return { error: messageOf(error).split('\n') };
  }
}
