import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, TestDaemon } from './harness/daemon.ts';
import { dockerProgram, withoutDocker } from './harness/docker.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
  await daemon.makeBusybox();
  const options = [
    '--label',
    'a=1',
    '--label',
    'com.example.some-label=x',
    '-e',
    'A=1',
    '-v',
    'vol:/v',
    '--tmpfs',
    '/t',
  ];
  await daemon.ok('barge', ['create', '--name', 'web', ...options, 'busybox', 'sleep', '1']);
});
after(() => daemon.end());

function run(program: string, args: readonly string[]) {
  const env = { ...process.env, DOCKER_HOST: `unix://${daemon.socket}`, DOCKER_CONFIG: daemon.path('none') };
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const INSPECT = [
  '{{.HostConfig.Memory}}|{{.HostConfig.NanoCPUs}}|{{.HostConfig.Init}}|{{.HostConfig.Annotations}}|{{.HostConfig.PidsLimit}}',
  '{{.Config.OnBuild}}|{{.Config.Volumes}}|{{.Config.StopTimeout}}|{{.Config.Shell}}|{{.Config.NetworkDisabled}}',
  '{{.ID}}',
  '{{.Id}}',
  '[{{index .Config.Labels "zz"}}][{{index .Config.Labels "a"}}][{{.Config.Labels.zz}}]',
  '{{.State.Health}}{{if .State.Health}}a{{else}}b{{end}}',
  '{{.HostConfig.RestartPolicy}}{{.HostConfig.LogConfig}}{{.Mounts}}',
  '{{json .Config.OnBuild}}{{json .HostConfig.RestartPolicy}}',
  '{{printf "%d|%5s|%-5s|%q|%T" .State.Pid .Name .Name .Name .RestartCount}}',
  '{{printf "%d|%s|%v" "x" 1 nil}}{{printf "%d" 1 2}}',
  '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}{{len .Config.Env}}',
  '{{join .Config.Cmd ","}}{{range split "a,b" ","}}[{{.}}]{{end}}{{title "ab cd"}}{{pad "x" 1 1}}{{truncate .Name 2}}',
  '{{html "<&>"}}{{js "<\'"}}{{urlquery "a b/"}}{{println 1 2}}{{print 1 2 "a"}}',
  '{{1e6}} {{0x1F}} {{017}} {{1_000}} {{1.0}} {{len "é"}}',
  'json',
  '{{.Missing}}',
  '{{.HostConfig.Missing}}',
  '{{index .Config.Env 99}}',
  '{{eq .State.Pid 1.0}}',
  '{{foo}}',
];

test('inspect prints what docker prints', { skip: withoutDocker() }, () => {
  for (const format of INSPECT) compare(['inspect', '-f', format, 'web']);
  for (const format of [
    '{{.Architecture}}|{{.Variant}}|{{.Config.Entrypoint}}|{{.Config.Labels}}|{{.RootFS.Type}}',
  ])
    compare(['image', 'inspect', '-f', format, 'busybox']);
  compare([
    'network',
    'inspect',
    '-f',
    '{{.IPAM.Options}}{{.Labels}}{{.ConfigFrom}}{{.Peers}}{{.Internal}}',
    'bridge',
  ]);
  compare(['volume', 'inspect', '-f', '{{.Options}}{{.Labels}}{{.Status}}{{.UsageData}}{{.Name}}', 'vol']);
});

test('listings print what docker prints', { skip: withoutDocker() }, () => {
  const formats = [
    'table {{.Names}}\t{{.Label "com.example.some-label"}}\t{{.Label "a"}}',
    'table {{upper .Names}} {{json .Image}}',
    '{{.Names}} {{.Label "a"}} {{.Label "none"}}|',
    '{{printf "%-10s|%5s" .Names .Image}}{{println}}',
    '{{json .Names}}',
    '{{.Nope}}',
  ];
  for (const format of formats) compare(['ps', '-a', '--format', format]);
  compare(['ps', '-aq', '--format', '{{.Names}}']);
  compare(['images', '-q', '--format', '{{.Repository}}']);
  for (const list of [['volume', 'ls'], ['network', 'ls'], ['images']]) {
    compare([
      ...list,
      '--format',
      list[0] === 'images' ? 'table {{.Repository}}\t{{.Tag}}' : 'table {{.Name}}\t{{.Driver}}',
    ]);
  }
});

function compare(args: readonly string[]): void {
  const [docker, ours] = [run(dockerProgram(), args), run(join(ROOT, 'barge'), args)];
  const trimmed = ({ status, stdout, stderr }: typeof docker) => ({ status, stdout, stderr: stderr.trim() });
  /* Where nothing is printed, docker ends an empty line. */
  const wanted = docker.status === 0 ? docker : { ...docker, stdout: docker.stdout.replace(/^\n$/, '') };
  if (args.includes('json')) {
    assert.deepEqual(
      JSON.parse(ours.stdout).map(({ Id }: { Id: string }) => Id),
      JSON.parse(docker.stdout).map(({ Id }: { Id: string }) => Id),
    );
    return;
  }
  assert.deepEqual(trimmed(ours), trimmed(wanted), args.join(' '));
}

test('cp -L keeps the name of the link, and links to nothing are written through', async () => {
  await daemon.ok('barge', ['run', '-d', '--name', 'links', 'busybox', 'sleep', '1000000']);
  const inside = 'mkdir /real /there; echo in >/real/file; ln -s /real/file /link; ln -s there/new /lost';
  await daemon.ok('barge', ['exec', 'links', 'sh', '-c', inside]);
  const directory = daemon.path('links');
  mkdirSync(join(directory, 'out'), { recursive: true });
  writeFileSync(join(directory, 'real'), 'out');
  symlinkSync('real', join(directory, 'name'));
  symlinkSync('out/new', join(directory, 'lost'));

  await daemon.ok('barge', ['cp', '-L', 'links:/link', join(directory, 'out')]);
  assert.equal(readFileSync(join(directory, 'out/link'), 'utf8'), 'in\n');
  await daemon.ok('barge', ['cp', '-L', join(directory, 'name'), 'links:/there']);
  assert.equal(await daemon.ok('barge', ['exec', 'links', 'cat', '/there/name']), 'out');

  await daemon.ok('barge', ['cp', 'links:/real/file', join(directory, 'lost')]);
  assert.equal(readFileSync(join(directory, 'out/new'), 'utf8'), 'in\n');
  assert.equal(readlinkSync(join(directory, 'lost')), 'out/new');
  await daemon.ok('barge', ['cp', join(directory, 'real'), 'links:/lost']);
  assert.equal(
    await daemon.ok('barge', ['exec', 'links', 'sh', '-c', 'cat /there/new; readlink /lost']),
    'outthere/new',
  );
  await daemon.ok('barge', ['rm', '-f', 'links']);
});
