import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { TestDaemon } from './harness/daemon.ts';

/** How often something is killed. */
const ROUNDS = Number(process.env.BARGE_BUILD_KILLS ?? 12);
/** Milliseconds: an undisturbed build of the first round takes less. */
const LONGEST = 900;
const FILES = 60;

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
  await daemon.makeBusybox();
});
after(() => daemon.end());

const DOCKERFILE = `FROM busybox AS one
COPY data /data
RUN cat /data/* | md5sum > /sum && sleep 0.1
FROM busybox AS two
ARG ROUND
RUN --mount=type=cache,target=/c --mount=target=/m cat /m/data/* | md5sum > /sum; echo $ROUND > /round; echo $ROUND > /c/round
FROM busybox
COPY --from=one /sum /one
COPY --from=two /sum /round /
RUN cmp /one /sum && echo same > /same
`;

test(`killing the daemon or the client at any moment (${ROUNDS} times) spoils nothing`, async () => {
  const directory = daemon.path('context');
  mkdirSync(join(directory, 'data'), { recursive: true });
  writeFileSync(join(directory, 'Dockerfile'), DOCKERFILE);
  for (let round = 0; round < ROUNDS; round++) {
    /* Not the whole context changes, so that what was kept of it counts. */
    for (let i = round % 2; i < FILES; i += 2)
      writeFileSync(join(directory, 'data', `${i}`), `${round} ${i}\n`.repeat(2000));
    const args = [
      'build',
      '--progress=plain',
      '--build-arg',
      `ROUND=${round}`,
      '-t',
      `crash:${round}`,
      directory,
    ];
    const build = daemon.startBarge(args);
    await setTimeout(randomInt(LONGEST));
    if (round % 2 === 0) await killDaemon();
    else build.child.kill('SIGKILL');
    await build.done;
    await daemon.ok('barge', args, { limit: 60_000 });
    const script = 'cat /same /round /sum';
    const shown = await daemon.ok('barge', ['run', '--rm', `crash:${round}`, 'sh', '-c', script]);
    assert.equal(shown, `same\n${round}\n${sumOf(join(directory, 'data'))}`);
    assert.match(await daemon.ok('barge', args), /#\d+ CACHED/);
  }
});

/** What the image's `cat /data/* | md5sum` has to say. */
function sumOf(directory: string): string {
  const hash = createHash('md5');
  for (const name of readdirSync(directory).sort()) hash.update(readFileSync(join(directory, name)));
  return `${hash.digest('hex')}  -`;
}

async function killDaemon(): Promise<void> {
  await daemon.stop('SIGKILL');
  await daemon.startAgain();
}
