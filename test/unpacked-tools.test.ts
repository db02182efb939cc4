/** The programs that the tests unpack instead of installing: each finds its libraries, whoever starts it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { programsBelow } from '../tools/apt-unpack.ts';
import { ROOT } from './harness/daemon.ts';
import { execute } from './harness/execute.ts';

const CACHE = join(ROOT, '.cache');
const TREES = ['ssh-server', 'postgresql', 'strace'];
/** One program of a package whose others nobody starts. */
const DOCKER = join(CACHE, 'docker-cli/usr/bin/docker');

function unpackedTrees(): string[] {
  const tools = join(CACHE, 'image-tools');
  const images = existsSync(tools) ? readdirSync(tools).map((name) => join(tools, name)) : [];
  return [...images, ...TREES.map((name) => join(CACHE, name))].filter((path) => existsSync(path));
}

/** Without the environment, as buildah starts itself again. */
async function assertFindsLibraries(program: string): Promise<void> {
  const { stdout } = await execute(['env', '-i', '/usr/bin/ldd', program]);
  assert.doesNotMatch(stdout, /not found/, program);
}

test('the docker client finds its libraries', { skip: !existsSync(DOCKER) && 'docker is on the PATH' }, () =>
  assertFindsLibraries(DOCKER),
);

for (const tree of unpackedTrees()) {
  test(`every program below ${tree.slice(ROOT.length + 1)} finds its libraries`, async () => {
    const programs = programsBelow(tree);
    assert.ok(programs.length > 0);
    for (const program of programs) await assertFindsLibraries(program);
  });
}
