/** `POST /build` as clients of others use it: dockerode, Testcontainers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import Docker from 'dockerode';
import { makeContext } from './build/context.ts';
import { tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { eventually } from './harness/execute.ts';
import { judged } from './harness/recorder.ts';
import { startRegistry } from './harness/registry.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
const { socket, env } = await judged(daemon);
const docker = new Docker({ socketPath: socket });
before(() => daemon.makeBusybox());

interface Message {
  readonly stream?: string;
  readonly error?: string;
  readonly aux?: { readonly ID?: string };
}

async function context(files: Readonly<Record<string, string>>): Promise<NodeJS.ReadableStream> {
  const tar = await tarOf(Object.entries(files).map(([name, content]) => ({ name, mode: 0o644, content })));
  const { Readable: Stream } = await import('node:stream');
  return Stream.from([tar]);
}

async function build(
  files: Readonly<Record<string, string>>,
  options: Docker.ImageBuildOptions,
): Promise<Message[]> {
  const stream = await docker.buildImage(await context(files), options);
  return await new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, messages) =>
      error ? reject(error) : resolve(messages as Message[]),
    );
  });
}

test('dockerode builds with arguments, labels and a target, and hears of each step', async () => {
  const Dockerfile = 'FROM busybox AS one\nARG WHO\nRUN echo "$WHO" > /who\nFROM one AS two\nRUN false\n';
  const messages = await build(
    { 'docker/File': Dockerfile },
    {
      dockerfile: 'docker/File',
      t: 'od-built:1',
      target: 'one',
      buildargs: { WHO: 'me' },
      labels: { a: 'b' },
      nocache: true,
      rm: true,
      networkmode: 'none',
      extrahosts: 'there:10.0.0.1',
    },
  );
  const said = messages.map(({ stream = '' }) => stream).join('');
  assert.match(said, /Step 1\/3 : FROM busybox AS one[\s\S]*Successfully tagged od-built:1/);
  const id = messages.find(({ aux }) => aux?.ID)?.aux?.ID;
  const { Id, Config } = await docker.getImage('od-built:1').inspect();
  assert.deepEqual([Id, Config.Labels], [id, { a: 'b' }]);
  assert.equal(await daemon.ok('barge', ['run', '--rm', 'od-built:1', 'cat', '/who']), 'me');
});

test('dockerode hears why a build fails, and a build whose client goes away ends', async () => {
  const failed = await build({ Dockerfile: 'FROM busybox\nRUN exit 7\n' }, {}).catch((error: Error) => error);
  assert.match(failed instanceof Error ? failed.message : JSON.stringify(failed), /non-zero code: 7/);
  const stop = new AbortController();
  const stream = (await docker.buildImage(
    await context({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 300\n' }),
    {
      abortSignal: stop.signal,
    },
  )) as Readable;
  stream.on('error', () => {});
  let said = '';
  stream.on('data', (chunk) => {
    said += chunk;
  });
  await eventually('the step runs', () => said.includes('begun'), 20_000);
  stop.abort();
  await once(stream, 'close').catch(() => undefined);
  await eventually('the build has ended', async () => {
    const [newest] = JSON.parse((await daemon.api('/barge/builds')).text);
    return newest.Status === 'canceled';
  });
});

test('credentials that come with a build open the registry of its base image', async () => {
  await using registry = await startRegistry(daemon.path('private'), { users: { ann: 'secret' } });
  const base = `${registry.host}/base:1`;
  await docker.getImage('busybox').tag({ repo: `${registry.host}/base`, tag: '1' });
  await daemon.ok('barge', ['login', '-u', 'ann', '-p', 'secret', registry.host]);
  await daemon.ok('barge', ['push', base]);
  await daemon.ok('barge', ['rmi', base]);
  const files = { Dockerfile: `FROM ${base}\nRUN echo x > /x\n` };
  const without = await build(files, {}).catch((error: Error) => ({ error: error.message }));
  assert.match(JSON.stringify(without), /no basic auth credentials/);
  const registryconfig = { [registry.host]: { username: 'ann', password: 'secret' } };
  const messages = await build(files, { t: 'private', registryconfig });
  assert.ok(messages.some(({ stream }) => stream?.includes('Successfully tagged private')));
});

test('dockerode prunes what builds left', async () => {
  await build({ Dockerfile: 'FROM busybox\nRUN head -c 100000 /dev/urandom > /gone\n' }, { t: 'pruned' });
  await docker.getImage('pruned').remove();
  const pruned = (await docker.pruneBuilder()) as unknown as { readonly SpaceReclaimed: number };
  assert.ok(pruned.SpaceReclaimed >= 100_000, JSON.stringify(pruned));
});

test('Testcontainers builds an image and starts it', async () => {
  process.env.DOCKER_HOST = env.DOCKER_HOST;
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1';
  process.env.HOME = daemon.path('home');
  const { GenericContainer } = await import('testcontainers');
  const directory = makeContext(daemon, 'testcontainers', {
    Dockerfile: 'FROM busybox AS one\nARG A\nRUN echo "built with $A" > /o\nFROM one\nRUN false\n',
  });
  const image = await GenericContainer.fromDockerfile(directory)
    .withBuildArgs({ A: '1' })
    .withTarget('one')
    .build('tc-built:1', { deleteOnExit: false });
  const container = await image.withCommand(['sleep', '1000']).start();
  assert.equal((await container.exec(['cat', '/o'])).output, 'built with 1\n');
  await container.stop();
});
