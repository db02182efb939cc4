/** The Engine API as the npm package dockerode uses it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import Docker from 'dockerode';
import { tarOf } from './harness/crafted-image.ts';
import { TestDaemon } from './harness/daemon.ts';
import { judged } from './harness/recorder.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { socket } = await judged(daemon);
const docker = new Docker({ socketPath: socket });

/** Standard output and error of a stream in Docker's frames, once it has ended. */
async function separate(stream: NodeJS.ReadableStream): Promise<{ stdout: string; stderr: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.on('end', () => {
    out.end();
    err.end();
  });
  const [stdout, stderr] = await Promise.all([text(out), text(err)]);
  return { stdout, stderr };
}

const statusOf = (error: unknown) => (error as { readonly statusCode?: number }).statusCode;

async function running(name: string, options: Partial<Docker.ContainerCreateOptions> = {}) {
  const container = await docker.createContainer({
    name,
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ...options,
  });
  await container.start();
  return container;
}

describe('dockerode', () => {
  test('asks about the daemon', async () => {
    assert.equal(String(await docker.ping()), 'OK');
    assert.equal((await docker.version()).ApiVersion, '1.56');
    const info = await docker.info();
    assert.equal(info.OSType, 'linux');
    assert.equal(info.Swarm.LocalNodeState, 'inactive');
    const usage = await docker.df();
    assert(usage.ImageUsage?.TotalSize ?? usage.LayersSize);
  });

  test('runs a command and tells its output and exit code', async () => {
    const out = new PassThrough();
    const [output, [result, container]] = await Promise.all([
      text(out),
      docker.run('busybox', ['sh', '-c', 'echo hello; exit 3'], out, { name: 'od-run' }),
    ]);
    assert.equal(output.replaceAll('\r', ''), 'hello\n');
    assert.equal(result.StatusCode, 3);
    await container.remove();
  });

  test('a container’s life: create, start, inspect, pause, rename, restart, stop, remove', async () => {
    const container = await running('od-life', { Labels: { suite: 'dockerode' } });
    assert.equal((await container.inspect()).State.Status, 'running');
    await container.pause();
    assert.equal((await container.inspect()).State.Paused, true);
    await container.unpause();
    await container.rename({ name: 'od-renamed' });
    const [row] = await docker.listContainers({ filters: { label: ['suite=dockerode'] } });
    assert.deepEqual(row?.Names, ['/od-renamed']);
    await container.restart({ t: 0 });
    await container.stop({ t: 0 });
    await assert.rejects(container.stop(), (error) => statusOf(error) === 304);
    assert.equal((await container.wait()).StatusCode, 137);
    await container.remove();
    await assert.rejects(container.inspect(), (error) => statusOf(error) === 404);
  });

  test('attaches with both directions before the start', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'cat; echo over >&2'],
      OpenStdin: true,
      StdinOnce: true,
    });
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    const output = separate(stream);
    await container.start();
    stream.end('through the pipe\n');
    assert.deepEqual(await output, { stdout: 'through the pipe\n', stderr: 'over\n' });
    await container.remove({ force: true });
  });

  test('exec: output apart, exit code, environment and user', async () => {
    const container = await running('od-exec');
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'echo $WHAT; id -u >&2; pwd; exit 4'],
      Env: ['WHAT=value'],
      User: 'nobody',
      WorkingDir: '/tmp',
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({});
    assert.deepEqual(await separate(stream), { stdout: 'value\n/tmp\n', stderr: '65534\n' });
    const { Running, ExitCode } = await exec.inspect();
    assert.deepEqual([Running, ExitCode], [false, 4]);
    await container.remove({ force: true });
  });

  test('logs come back whole, with tail, and followed to the end', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'echo one; echo two; echo three >&2'],
    });
    await container.start();
    const followed = await container.logs({ follow: true, stdout: true, stderr: true });
    assert.deepEqual(await separate(followed), { stdout: 'one\ntwo\n', stderr: 'three\n' });
    const tail = await container.logs({ stdout: true, tail: 1 });
    assert.equal(tail.subarray(8).toString(), 'two\n');
    await container.remove({ force: true });
  });

  test('files go in and come out as tars', async () => {
    const container = await docker.createContainer({ Image: 'busybox', Cmd: ['true'] });
    const archive = await tarOf([{ name: 'note.txt', content: 'written', mode: 0o644 }]);
    await assert.rejects(
      container.putArchive(archive, { path: '/nowhere' }),
      (error) => statusOf(error) === 404,
    );
    await container.putArchive(archive, { path: '/tmp' });
    const stream = await container.getArchive({ path: '/tmp/note.txt' });
    assert.match(await text(stream), /note\.txt[\s\S]*written/);
    const { headers } = (await container.infoArchive({ path: '/tmp/note.txt' })) as IncomingMessage;
    const header = String(headers['x-docker-container-path-stat']);
    assert.equal(JSON.parse(Buffer.from(header, 'base64').toString()).size, 7);
    await container.remove();
  });

  test('stats, top, changes, commit and update', async () => {
    const container = await running('od-more');
    const stats = await container.stats({ stream: false });
    assert(stats.memory_stats.usage > 0);
    assert(stats.cpu_stats.system_cpu_usage >= stats.precpu_stats.system_cpu_usage);
    assert.match(JSON.stringify((await container.top()).Processes), /sleep 1000/);
    const exec = await container.exec({ Cmd: ['touch', '/made'], AttachStdout: true });
    await text(await exec.start({}));
    assert.deepEqual((await container.changes()).at(-1), { Path: '/made', Kind: 1 });
    const { Id } = await container.commit({ repo: 'od-image', changes: 'LABEL a=b' });
    assert.deepEqual((await docker.getImage(Id).inspect()).Config.Labels?.a, 'b');
    await container.update({ Memory: 32 << 20, MemorySwap: 64 << 20 });
    assert.equal((await container.inspect()).HostConfig.Memory, 32 << 20);
    await container.remove({ force: true });
    await docker.getImage('od-image').remove();
  });

  test('events are a stream of objects', async () => {
    const events = (await docker.getEvents({ filters: { container: ['od-seen'] } })) as Readable;
    const first = once(events, 'data');
    const container = await docker.createContainer({ name: 'od-seen', Image: 'busybox' });
    const [line] = await first;
    assert.equal(JSON.parse(String(line)).Action, 'create');
    events.destroy();
    await container.remove();
  });

  test('images and volumes are listed, tagged, made and pruned', async () => {
    await docker.getImage('busybox').tag({ repo: 'od-tagged', tag: 'one' });
    const images = await docker.listImages({ filters: { reference: ['od-tagged'] } });
    assert.deepEqual(images[0]?.RepoTags?.includes('od-tagged:one'), true);
    await docker.getImage('od-tagged:one').remove();
    await docker.createVolume({ Name: 'od-volume', Labels: { a: 'b' } });
    const { Volumes } = await docker.listVolumes({ filters: { label: ['a=b'] } });
    assert.deepEqual(
      Volumes.map(({ Name }) => Name),
      ['od-volume'],
    );
    await docker.getVolume('od-volume').remove();
    const { id } = await docker.createContainer({ Image: 'busybox', Labels: { pruned: 'yes' } });
    const pruned = await docker.pruneContainers({ filters: { label: ['pruned=yes'] } });
    assert.deepEqual(pruned.ContainersDeleted, [id]);
  });

  test('a swarm is not there, in Docker’s words', async () => {
    await assert.rejects(docker.listServices(), /This node is not a swarm manager/);
    assert.deepEqual(await docker.listPlugins(), []);
  });
});
