import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { main } from './main.ts';

/** Runs a command line that must be rejected. @returns the error. */
async function refusal(...args: string[]): Promise<string> {
  const said: string[] = [];
  const output = { write: (text: string) => said.push(text) };
  assert.equal(
    await main(args, { stdin: Readable.from([]), stdout: output, stderr: output }),
    2,
    args.join(' '),
  );
  return said.join('');
}

const REFUSED: readonly (readonly [args: string, message: RegExp])[] = [
  [
    'user ls --gc-interval 5h --role pull',
    /user ls does not take --gc-interval: it takes --data-root, --storage/,
  ],
  ['user ls --role pull', /user ls does not take --role/],
  ['user add anna --public', /user add does not take --public: it takes .*--admin/],
  ['token create anna --keep-last 3', /token create does not take --keep-last/],
  ['gc --deep', /gc does not take --deep/],
  ['check --dry-run', /check does not take --dry-run/],
  ['htpasswd file anna --admin', /htpasswd does not take --admin: it takes no flags/],
  ['--admin', /barge-registry does not take --admin/],
  ['user ls --rool pull', /unknown flag: --rool \(did you mean --role\?\)/],
];

for (const [args, message] of REFUSED) {
  test(`${args} is rejected`, async () => assert.match(await refusal(...args.split(' ')), message));
}
