/** Every flag of `docker run` and every operation of the API is tried, and docs/COMPATIBILITY.md says what came of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { OPERATIONS, tryOperation } from './compatibility/operations.ts';
import { compatibilityPage } from './compatibility/page.ts';
import { type Bench, RUN_FLAGS } from './compatibility/run-flags.ts';
import { ROOT, TestDaemon } from './harness/daemon.ts';
import { dockerProgram, withoutDocker } from './harness/docker.ts';
import { judged } from './harness/recorder.ts';

const PAGE = join(ROOT, 'docs/COMPATIBILITY.md');
const COMMANDS = join(ROOT, 'src/client/testing/docker-commands.json');

/** Flags of `docker run` that this machine's client has: an older one lacks some, which ours then tries. */
function knownFlags(): ReadonlySet<string> {
  const { stdout } = spawnSync(dockerProgram(), ['run', '--help'], { encoding: 'utf8' });
  return new Set([...stdout.matchAll(/--([\w-]+)/g)].map(([, name = '']) => name));
}

function benchOf(
  daemon: TestDaemon,
  env: Readonly<Record<string, string>>,
  client: 'docker' | 'barge' = 'docker',
): Bench {
  const docker = (...args: string[]) => daemon.ok(client, args, { env });
  const nameOf = (flags: readonly string[]) => {
    const at = flags.indexOf('--name');
    return at < 0 ? `flags-${randomBytes(4).toString('hex')}` : (flags[at + 1] ?? '');
  };
  return {
    daemon,
    docker,
    run: (flags, ...command) => docker('run', '--rm', ...flags, 'busybox', ...command),
    attempt: (flags, ...command) => daemon[client](['run', '--rm', ...flags, 'busybox', ...command], { env }),
    inspect: async (flags, field) => {
      const name = nameOf(flags);
      await docker(
        'create',
        '--name',
        name,
        ...flags.filter((flag, i) => flag !== '--name' && flags[i - 1] !== '--name'),
        'busybox',
      );
      const [found] = JSON.parse(await docker('inspect', name)) as unknown[];
      await docker('rm', name);
      return field
        .split('.')
        .reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], found);
    },
    running: async (flags, use) => {
      const name = nameOf(flags);
      await docker('run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000');
      await use(name);
      await docker('rm', '-f', '-v', name);
    },
  };
}

describe('compatibility', { skip: withoutDocker() }, async () => {
  const daemon = await TestDaemon.start();
  after(() => daemon.end());
  await daemon.makeBusybox();
  const { env } = await judged(daemon);
  const known = knownFlags();
  const [dockers, ours] = [benchOf(daemon, env), benchOf(daemon, env, 'barge')];

  test('there is a verdict on every flag of docker run', () => {
    const commands = JSON.parse(readFileSync(COMMANDS, 'utf8')) as Record<string, string[]>;
    const names = (commands.run ?? []).map((text) => /--([\w-]+)/.exec(text)?.[1] ?? '');
    assert.deepEqual(Object.keys(RUN_FLAGS).toSorted(), names.toSorted());
  });

  describe('docker run', { concurrency: 3 }, () => {
    for (const [flag, verdict] of Object.entries(RUN_FLAGS)) {
      const bench = known.has(flag) ? dockers : ours;
      if ('works' in verdict) test(`--${flag} works`, () => verdict.works(bench));
      else if ('refused' in verdict) test(`--${flag} is refused by name`, () => verdict.refused(bench));
    }
  });

  describe('the API', () => {
    for (const operation of OPERATIONS) {
      test(`${operation.method} ${operation.path}: ${operation.verdict}`, () =>
        tryOperation(daemon, operation));
    }
  });

  test('docs/COMPATIBILITY.md says the same', () => {
    const page = compatibilityPage();
    if (process.env.BARGE_UPDATE_DOCS) writeFileSync(PAGE, page);
    assert.equal(
      readFileSync(PAGE, 'utf8'),
      page,
      'run the test with BARGE_UPDATE_DOCS=1 and look at the change',
    );
  });
});
