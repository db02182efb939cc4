/** Testcontainers for Node against Barge, as test suites of other projects use it. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import type { StartedTestContainer } from 'testcontainers';
import { TestDaemon } from './harness/daemon.ts';
import { judged } from './harness/recorder.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { env } = await judged(daemon);
process.env.DOCKER_HOST = env.DOCKER_HOST;
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1';
process.env.HOME = daemon.path('home');
const { GenericContainer, Network, Wait } = await import('testcontainers');

const IMAGE = 'busybox:latest';
/** A web server that answers with the text of a file. */
const SERVER = [
  'sh',
  '-c',
  'mkdir -p /www && echo served > /www/index.html && echo ready && exec httpd -f -p 8080 -h /www',
];

async function get(container: StartedTestContainer, port = 8080): Promise<string> {
  const response = await fetch(`http://${container.getHost()}:${container.getMappedPort(port)}/`);
  return await response.text();
}

describe('Testcontainers', () => {
  test('starts a container, waits for its log, and reaches its port', async () => {
    const container = await new GenericContainer(IMAGE)
      .withCommand(SERVER)
      .withExposedPorts(8080)
      .withWaitStrategy(Wait.forAll([Wait.forLogMessage('ready'), Wait.forListeningPorts()]))
      .start();
    assert.equal(await get(container), 'served\n');
    await container.stop();
  });

  test('waits for HTTP answers and for health', async () => {
    const web = await new GenericContainer(IMAGE)
      .withCommand(SERVER)
      .withExposedPorts(8080)
      .withWaitStrategy(Wait.forHttp('/', 8080).forStatusCode(200))
      .start();
    await web.stop();
    const healthy = await new GenericContainer(IMAGE)
      .withCommand(['sh', '-c', 'touch /well; exec sleep 1000'])
      .withHealthCheck({ test: ['CMD-SHELL', 'test -e /well'], interval: 200, timeout: 1000, retries: 5 })
      .withWaitStrategy(Wait.forHealthCheck())
      .start();
    await healthy.stop();
  });

  test('waits for a command that ends', async () => {
    const container = await new GenericContainer(IMAGE)
      .withCommand(['true'])
      .withWaitStrategy(Wait.forOneShotStartup())
      .start();
    await container.stop();
  });

  test('runs commands in a container', async () => {
    const container = await new GenericContainer(IMAGE)
      .withCommand(['sleep', '1000'])
      .withEnvironment({ COLOUR: 'red' })
      .withLabels({ made: 'here' })
      .start();
    const { output, exitCode } = await container.exec(['sh', '-c', 'echo $COLOUR; exit 3']);
    assert.deepEqual([output, exitCode], ['red\n', 3]);
    const { stdout, stderr } = await container.exec(['sh', '-c', 'echo out; echo err >&2']);
    assert.deepEqual([stdout, stderr], ['out\n', 'err\n']);
    const inWork = await container.exec(['pwd'], { workingDir: '/tmp', user: 'nobody', env: { A: 'b' } });
    assert.equal(inWork.output, '/tmp\n');
    assert.equal(container.getLabels().made, 'here');
    await container.restart();
    assert.equal((await container.exec(['true'])).exitCode, 0);
    await container.stop();
  });

  test('copies files, directories and text in and out', async () => {
    const directory = daemon.path('copied');
    mkdirSync(`${directory}/deep`, { recursive: true });
    writeFileSync(`${directory}/deep/file`, 'from a directory');
    writeFileSync(`${directory}/single`, 'a file');
    const container = await new GenericContainer(IMAGE)
      .withCommand(['sleep', '1000'])
      .withCopyFilesToContainer([{ source: `${directory}/single`, target: '/tmp/single' }])
      .withCopyContentToContainer([{ content: 'text', target: '/tmp/content' }])
      .start();
    await container.copyDirectoriesToContainer([{ source: directory, target: '/tmp/directory' }]);
    const { output } = await container.exec([
      'sh',
      '-c',
      'cat /tmp/single /tmp/content /tmp/directory/deep/file',
    ]);
    assert.equal(output, 'a filetextfrom a directory');
    assert.match(await text(await container.copyArchiveFromContainer('/tmp/single')), /a file/);
    await container.stop();
  });

  test('streams logs', async () => {
    const container = await new GenericContainer(IMAGE)
      .withCommand(['sh', '-c', 'echo first; echo second; exec sleep 1000'])
      .withWaitStrategy(Wait.forLogMessage('second'))
      .start();
    const logs = await container.logs();
    let seen = '';
    for await (const chunk of logs) {
      seen += chunk;
      if (seen.includes('second')) break;
    }
    assert.match(seen, /first/);
    await container.stop();
  });

  test('limits, tmpfs, users and working directories arrive', async () => {
    const container = await new GenericContainer(IMAGE)
      .withCommand(['sleep', '1000'])
      .withTmpFs({ '/scratch': 'rw,size=1m' })
      .withResourcesQuota({ memory: 0.0625, cpu: 0.5 })
      .withUser('nobody')
      .withWorkingDir('/tmp')
      .start();
    const { output } = await container.exec([
      'sh',
      '-c',
      'id -u; pwd; grep -c " /scratch tmpfs" /proc/mounts',
    ]);
    assert.equal(output, '65534\n/tmp\n1\n');
    await container.stop();
  });

  test('containers of a network find each other by alias', async () => {
    const network = await new Network().start();
    const server = await new GenericContainer(IMAGE)
      .withCommand(SERVER)
      .withNetwork(network)
      .withNetworkAliases('web')
      .withWaitStrategy(Wait.forLogMessage('ready'))
      .start();
    const client = await new GenericContainer(IMAGE)
      .withCommand(['sleep', '1000'])
      .withNetwork(network)
      .start();
    const { output } = await client.exec(['wget', '-q', '-O', '-', 'http://web:8080/']);
    assert.equal(output, 'served\n');
    await client.stop();
    await server.stop();
    await network.stop();
  });
});
