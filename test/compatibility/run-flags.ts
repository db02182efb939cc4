import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import type { TestDaemon } from '../harness/daemon.ts';
import type { Outcome } from '../harness/execute.ts';

/** What a flag's trial has to work with. */
export interface Bench {
  readonly daemon: TestDaemon;
  /** `docker run --rm FLAGS busybox COMMAND`. @returns its output, without the newline at the end. */
  run(flags: readonly string[], ...command: string[]): Promise<string>;
  /** The same, whatever comes of it. */
  attempt(flags: readonly string[], ...command: string[]): Promise<Outcome>;
  /** A field of what `inspect` says of a container that is made with these flags. */
  inspect(flags: readonly string[], field: string): Promise<unknown>;
  /** Runs `docker` and expects success. */
  docker(...args: string[]): Promise<string>;
  /** A container that lives while `use` runs. */
  running(flags: readonly string[], use: (name: string) => Promise<void>): Promise<void>;
}

export type Verdict =
  | { readonly works: (bench: Bench) => Promise<void> }
  /** The answer names the option; `because` says what the host or the kernel lacks, or why nobody can have it. */
  | { readonly refused: (bench: Bench) => Promise<void>; readonly because: string }
  | { readonly other: string };

const lines = (text: string) => text.split('\n');

/** Shows that the flag ends up in a field as it should. */
const field = (flags: readonly string[], name: string, expected: unknown): Verdict => ({
  works: async (bench) => assert.deepEqual(await bench.inspect(flags, name), expected),
});

/** Shows what a command in the container says. */
const says = (flags: readonly string[], command: readonly string[], expected: string | RegExp): Verdict => ({
  works: async (bench) => {
    const said = await bench.run(flags, ...command);
    if (typeof expected === 'string') assert.equal(said, expected);
    else assert.match(said, expected);
  },
});

/** Shows that the answer is an error with these words. */
const refuses = (flags: readonly string[], words: RegExp, because: string): Verdict => ({
  refused: async (bench) => {
    const { code, stderr } = await bench.attempt(flags, 'true');
    assert.equal(code, 125);
    assert.match(stderr, words);
  },
  because,
});

/** A limit that this kernel may lack: in force, or left out with a warning. */
const limit = (flags: readonly string[], name: string, value: unknown, warning: RegExp): Verdict => ({
  works: async (bench) => {
    const { code, stderr } = await bench.attempt(flags, 'true');
    assert.equal(code, 0, stderr);
    if (!warning.test(stderr)) assert.deepEqual(await bench.inspect(flags, `HostConfig.${name}`), value);
  },
});

const cgroup = (v1: string, v2: string) =>
  `cat $(if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo /sys/fs/cgroup/${v2}; else echo /sys/fs/cgroup/${v1}; fi)`;
const shell = (script: string) => ['sh', '-c', script];
const HEALTH = 'Config.Healthcheck';
const WINDOWS = 'an option of Windows';
const NO_DEVICE = '/dev/loop-control';

function fileOf(bench: Bench, name: string, content: string): string {
  const path = bench.daemon.path(name);
  writeFileSync(path, content);
  return path;
}

/** Every flag of `docker run`, as the client's own list has them, and what becomes of it. */
export const RUN_FLAGS: Readonly<Record<string, Verdict>> = {
  'add-host': says(['--add-host', 'a:1.2.3.4'], ['grep', '-w', 'a', '/etc/hosts'], '1.2.3.4\ta'),
  annotation: field(['--annotation', 'a=b'], 'HostConfig.Annotations', { a: 'b' }),
  attach: {
    works: async (bench) => {
      const { stdout, stderr } = await bench.attempt(['-a', 'stderr'], 'sh', '-c', 'echo out; echo err >&2');
      assert.deepEqual([stdout, stderr], ['', 'err\n']);
    },
  },
  'blkio-weight': limit(['--blkio-weight', '300'], 'BlkioWeight', 300, /Block I\/O weight .*discarded/),
  'blkio-weight-device': limit(
    ['--blkio-weight-device', '/dev/loop0:300'],
    'BlkioWeightDevice',
    [{ Path: '/dev/loop0', Weight: 300 }],
    /weight_device .*discarded/,
  ),
  'cap-add': says(['--cap-add', 'SYS_ADMIN'], shell('mount -t tmpfs x /tmp && echo done'), 'done'),
  'cap-drop': {
    works: async (bench) => {
      const { code, stderr } = await bench.attempt(['--cap-drop', 'CHOWN'], 'chown', '1', '/tmp');
      assert.equal(code, 1);
      assert.match(stderr, /not permitted/);
    },
  },
  'cgroup-parent': {
    works: async (bench) => {
      const parent = `${bench.daemon.cgroup}/inner`;
      assert.match(
        await bench.run(['--cgroup-parent', parent], 'cat', '/proc/1/cgroup'),
        /\/inner\/[0-9a-f]{64}/,
      );
    },
  },
  cgroupns: {
    works: async (bench) => {
      const own = await bench.run(['--cgroupns', 'private'], 'readlink', '/proc/self/ns/cgroup');
      const host = await bench.run(['--cgroupns', 'host'], 'readlink', '/proc/self/ns/cgroup');
      assert.notEqual(own, host);
    },
  },
  cidfile: {
    works: async (bench) => {
      const path = bench.daemon.path('cidfile');
      await bench.run(['--cidfile', path], 'true');
      assert.match(readFileSync(path, 'utf8'), /^[0-9a-f]{64}$/);
    },
  },
  'cpu-count': { other: WINDOWS },
  'cpu-percent': { other: WINDOWS },
  'cpu-period': says(
    ['--cpu-period', '50000'],
    shell(cgroup('cpu/cpu.cfs_period_us', 'cpu.max')),
    /\b50000$/,
  ),
  'cpu-quota': says(['--cpu-quota', '20000'], shell(cgroup('cpu/cpu.cfs_quota_us', 'cpu.max')), /^20000\b/),
  'cpu-rt-period': {
    refused: async (bench) => {
      const { code, stderr } = await bench.attempt(['--cpu-rt-period', '1000000'], 'true');
      if (code !== 0) assert.match(stderr, /real-time period|cpu\.rt_/);
    },
    because:
      'kernels with pure cgroup v2 have no real-time limits; on v1 it works where the parent cgroup has a budget',
  },
  'cpu-rt-runtime': {
    refused: async (bench) => {
      const { code, stderr } = await bench.attempt(['--cpu-rt-runtime', '1000'], 'true');
      if (code !== 0) assert.match(stderr, /real-time runtime|cpu\.rt_|[Ii]nvalid argument/);
    },
    because: 'as --cpu-rt-period',
  },
  'cpu-shares': says(['--cpu-shares', '512'], shell(cgroup('cpu/cpu.shares', 'cpu.weight')), /^(512|20)$/),
  cpus: says(['--cpus', '0.5'], shell(cgroup('cpu/cpu.cfs_quota_us', 'cpu.max')), /^50000\b/),
  'cpuset-cpus': says(['--cpuset-cpus', '0'], ['grep', 'Cpus_allowed_list', '/proc/self/status'], /\t0$/),
  'cpuset-mems': says(['--cpuset-mems', '0'], ['grep', 'Mems_allowed_list', '/proc/self/status'], /\t0$/),
  detach: {
    works: async (bench) => {
      const id = await bench.docker('run', '-d', 'busybox', 'sleep', '1000');
      assert.match(id, /^[0-9a-f]{64}$/);
      await bench.docker('rm', '-f', id);
    },
  },
  'detach-keys': {
    works: async (bench) => {
      const { code, stderr } = await bench.attempt(['--detach-keys', 'ctrl-'], 'true');
      assert.notEqual(code, 0);
      /* The last is how clients before 23 show a refusal. */
      assert.match(stderr, /received 400|Invalid (detach|escape) keys|Unrecognized input header: 123/i);
    },
  },
  device: says(['--device', `${NO_DEVICE}:/dev/mine:rw`], ['ls', '/dev/mine'], '/dev/mine'),
  'device-cgroup-rule': field(['--device-cgroup-rule', 'c 7:* rmw'], 'HostConfig.DeviceCgroupRules', [
    'c 7:* rmw',
  ]),
  'device-read-bps': limit(
    ['--device-read-bps', '/dev/loop0:1mb'],
    'BlkioDeviceReadBps',
    [{ Path: '/dev/loop0', Rate: 1 << 20 }],
    /BPS read limit discarded/,
  ),
  'device-read-iops': limit(
    ['--device-read-iops', '/dev/loop0:100'],
    'BlkioDeviceReadIOps',
    [{ Path: '/dev/loop0', Rate: 100 }],
    /IOPS read limit discarded/,
  ),
  'device-write-bps': limit(
    ['--device-write-bps', '/dev/loop0:1mb'],
    'BlkioDeviceWriteBps',
    [{ Path: '/dev/loop0', Rate: 1 << 20 }],
    /BPS write limit discarded/,
  ),
  'device-write-iops': limit(
    ['--device-write-iops', '/dev/loop0:100'],
    'BlkioDeviceWriteIOps',
    [{ Path: '/dev/loop0', Rate: 100 }],
    /IOPS write limit discarded/,
  ),
  'disable-content-trust': says(['--disable-content-trust'], ['echo', 'a'], 'a'),
  dns: says(['--dns', '9.9.9.9'], ['cat', '/etc/resolv.conf'], /nameserver 9\.9\.9\.9/),
  'dns-option': says(['--dns-option', 'ndots:3'], ['cat', '/etc/resolv.conf'], /options .*ndots:3/),
  'dns-search': says(['--dns-search', 'a.example'], ['cat', '/etc/resolv.conf'], /search a\.example/),
  domainname: says(['--domainname', 'a.example', '-h', 'web'], ['hostname', '-f'], 'web.a.example'),
  entrypoint: says(['--entrypoint', 'echo'], ['a', 'b'], 'a b'),
  env: says(['-e', 'A=1', '-e', 'B'], shell('echo "$A${B-none}"'), '1none'),
  'env-file': {
    works: async (bench) => {
      const path = fileOf(bench, 'env', '# none\nA=1 2\n');
      assert.equal(await bench.run(['--env-file', path], 'sh', '-c', 'echo "$A"'), '1 2');
    },
  },
  expose: field(['--expose', '80-81'], 'Config.ExposedPorts', { '80/tcp': {}, '81/tcp': {} }),
  gpus: refuses(
    ['--gpus', 'all'],
    /could not select device driver "" with capabilities: \[\[gpu\]\]/,
    'GPUs come by CDI: works where a specification of nvidia.com/gpu is on the host',
  ),
  'group-add': says(['--group-add', '1234'], ['id', '-G'], /\b1234\b/),
  'health-cmd': field(['--health-cmd', 'true'], `${HEALTH}.Test`, ['CMD-SHELL', 'true']),
  'health-interval': field(['--health-cmd', 'true', '--health-interval', '2s'], `${HEALTH}.Interval`, 2e9),
  'health-retries': field(['--health-cmd', 'true', '--health-retries', '4'], `${HEALTH}.Retries`, 4),
  'health-start-interval': field(
    ['--health-cmd', 'true', '--health-start-interval', '1s'],
    `${HEALTH}.StartInterval`,
    1e9,
  ),
  'health-start-period': field(
    ['--health-cmd', 'true', '--health-start-period', '1s'],
    `${HEALTH}.StartPeriod`,
    1e9,
  ),
  'health-timeout': field(['--health-cmd', 'true', '--health-timeout', '1s'], `${HEALTH}.Timeout`, 1e9),
  hostname: says(['-h', 'web'], ['hostname'], 'web'),
  init: says(['--init'], ['cat', '/proc/1/comm'], /init/),
  interactive: {
    works: async (bench) => {
      const args = ['run', '-i', '--rm', 'busybox', 'cat'];
      assert.equal((await bench.daemon.docker(args, { input: 'abc' })).stdout, 'abc');
    },
  },
  'io-maxbandwidth': { other: WINDOWS },
  'io-maxiops': { other: WINDOWS },
  ip: {
    works: async (bench) => {
      await bench.docker('network', 'create', '--subnet', '10.222.7.0/24', 'flags-ip');
      const flags = ['--network', 'flags-ip', '--ip', '10.222.7.77'];
      assert.match(await bench.run(flags, 'ip', 'addr'), /inet 10\.222\.7\.77\/24/);
      await bench.docker('network', 'rm', 'flags-ip');
    },
  },
  ip6: {
    works: async (bench) => {
      await bench.docker('network', 'create', '--ipv6', '--subnet', 'fd00:7:7::/64', 'flags-ip6');
      const flags = ['--network', 'flags-ip6', '--ip6', 'fd00:7:7::77'];
      assert.match(await bench.run(flags, 'ip', 'addr'), /inet6 fd00:7:7::77\/64/);
      await bench.docker('network', 'rm', 'flags-ip6');
    },
  },
  ipc: {
    works: async (bench) => {
      await bench.running(['--ipc', 'shareable', '--shm-size', '8m'], async (name) => {
        await bench.docker('exec', name, 'sh', '-c', 'echo hi > /dev/shm/a');
        assert.equal(await bench.run(['--ipc', `container:${name}`], 'cat', '/dev/shm/a'), 'hi');
        assert.match(await bench.docker('exec', name, 'df', '-k', '/dev/shm'), /\b8192\b/);
      });
      await bench.running([], async (name) => {
        const { code, stderr } = await bench.attempt(['--ipc', `container:${name}`], 'true');
        assert.equal(code, 125);
        assert.match(stderr, /non-shareable IPC/);
      });
      assert.equal(await bench.run(['--ipc', 'none'], 'sh', '-c', 'ls -d /dev/shm || echo none'), 'none');
    },
  },
  isolation: field(['--isolation', 'default'], 'HostConfig.Isolation', 'default'),
  'kernel-memory': {
    other: 'docker removed it in 2023; the client keeps the flag and the daemon ignores it',
  },
  label: field(['-l', 'a=b'], 'Config.Labels.a', 'b'),
  'label-file': {
    works: async (bench) => {
      const path = fileOf(bench, 'labels', 'x=y\n');
      assert.equal(await bench.inspect(['--label-file', path], 'Config.Labels.x'), 'y');
    },
  },
  link: {
    works: async (bench) => {
      await bench.running(['--expose', '80', '-e', 'COLOR=red'], async (name) => {
        const flags = ['--link', `${name}:db`];
        assert.match(await bench.run(flags, 'cat', '/etc/hosts'), new RegExp(`^\\S+\\tdb .*${name}`, 'm'));
        assert.match(await bench.run(flags, 'env'), /^DB_ENV_COLOR=red$/m);
      });
    },
  },
  'link-local-ip': {
    works: async (bench) => {
      await bench.docker('network', 'create', '--subnet', '10.222.8.0/24', 'flags-ll');
      const flags = ['--network', 'flags-ll', '--link-local-ip', '169.254.9.9'];
      assert.match(await bench.run(flags, 'ip', 'addr'), /169\.254\.9\.9/);
      await bench.docker('network', 'rm', 'flags-ll');
    },
  },
  'log-driver': {
    works: async (bench) => {
      assert.equal(await bench.inspect(['--log-driver', 'local'], 'HostConfig.LogConfig.Type'), 'local');
      const { code, stderr } = await bench.attempt(['--log-driver', 'gelf'], 'true');
      assert.equal(code, 125);
      assert.match(stderr, /no log driver named 'gelf' is registered/);
    },
  },
  'log-opt': field(['--log-opt', 'max-size=1m'], 'HostConfig.LogConfig.Config', { 'max-size': '1m' }),
  'mac-address': says(
    ['--mac-address', '02:42:00:00:00:09'],
    ['cat', '/sys/class/net/eth0/address'],
    '02:42:00:00:00:09',
  ),
  memory: says(['-m', '64m'], shell(cgroup('memory/memory.limit_in_bytes', 'memory.max')), '67108864'),
  'memory-reservation': says(
    ['--memory-reservation', '32m'],
    shell(cgroup('memory/memory.soft_limit_in_bytes', 'memory.low')),
    '33554432',
  ),
  'memory-swap': limit(
    ['-m', '64m', '--memory-swap', '96m'],
    'MemorySwap',
    96 << 20,
    /Memory limited without swap/,
  ),
  'memory-swappiness': limit(['--memory-swappiness', '10'], 'MemorySwappiness', 10, /swappiness discarded/),
  mount: says(
    ['--mount', 'type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700'],
    shell('stat -c %a /t; df -k /t | tail -1'),
    /^700\n.*\b1024\b/,
  ),
  name: field(['--name', 'flags-name'], 'Name', '/flags-name'),
  network: says(['--network', 'none'], ['ls', '/sys/class/net'], 'lo'),
  'network-alias': {
    works: async (bench) => {
      await bench.docker('network', 'create', 'flags-alias');
      await bench.running(['--network', 'flags-alias', '--network-alias', 'other'], async () => {
        await bench.run(['--network', 'flags-alias'], 'ping', '-c', '1', 'other');
      });
      await bench.docker('network', 'rm', 'flags-alias');
    },
  },
  'no-healthcheck': field(['--no-healthcheck'], `${HEALTH}.Test`, ['NONE']),
  'oom-kill-disable': limit(
    ['-m', '64m', '--oom-kill-disable'],
    'OomKillDisable',
    true,
    /OomKillDisable discarded/,
  ),
  'oom-score-adj': says(['--oom-score-adj', '500'], ['cat', '/proc/self/oom_score_adj'], '500'),
  pid: {
    works: async (bench) => {
      await bench.running([], async (name) => {
        assert.match(await bench.run(['--pid', `container:${name}`], 'ps'), /sleep 1000/);
      });
      const host = await bench.run(['--pid', 'host'], 'readlink', '/proc/self/ns/pid');
      assert.notEqual(host, await bench.run([], 'readlink', '/proc/self/ns/pid'));
    },
  },
  'pids-limit': {
    works: async (bench) => {
      const { stderr } = await bench.attempt(
        ['--pids-limit', '3'],
        'sh',
        '-c',
        'for i in 1 2 3 4 5 6; do sleep 1 & done',
      );
      assert.match(stderr, /can't fork|Resource temporarily unavailable/);
    },
  },
  platform: {
    works: async (bench) => {
      const own = arch() === 'arm64' ? 'linux/arm64' : 'linux/amd64';
      const other = arch() === 'arm64' ? 'linux/amd64' : 'linux/arm64';
      assert.equal(await bench.run(['--platform', own], 'echo', 'a'), 'a');
      const { code, stderr } = await bench.attempt(['--platform', other, '--pull', 'never'], 'true');
      assert.equal(code, 125);
      assert.match(stderr, /does not (match|provide) the specified platform/);
    },
  },
  privileged: {
    works: async (bench) => {
      assert.equal(
        await bench.run(['--privileged'], 'sh', '-c', 'mount -t tmpfs x /tmp && echo done'),
        'done',
      );
    },
  },
  publish: field(['-p', '127.0.0.1::80/udp'], 'HostConfig.PortBindings', {
    '80/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
  }),
  'publish-all': {
    works: async (bench) => {
      await bench.running(['-P', '--expose', '80'], async (name) => {
        assert.match(await bench.docker('port', name), /^80\/tcp -> 0\.0\.0\.0:\d+/);
      });
    },
  },
  pull: {
    works: async (bench) => {
      assert.equal(await bench.run(['--pull', 'never'], 'echo', 'a'), 'a');
      const { code } = await bench.daemon.docker(['run', '--rm', '--pull', 'never', 'nonesuch:1', 'true']);
      assert.equal(code, 125);
    },
  },
  quiet: says(['--quiet'], ['echo', 'a'], 'a'),
  'read-only': says(['--read-only'], shell('touch /a 2>/dev/null || echo refused'), 'refused'),
  restart: field(['--restart', 'on-failure:3'], 'HostConfig.RestartPolicy', {
    Name: 'on-failure',
    MaximumRetryCount: 3,
  }),
  rm: {
    works: async (bench) => {
      await bench.daemon.ok('docker', ['run', '--rm', '--name', 'flags-rm', 'busybox', 'true']);
      assert.equal(await bench.docker('ps', '-aq', '--filter', 'name=flags-rm'), '');
    },
  },
  runtime: {
    works: async (bench) => {
      assert.equal(await bench.run(['--runtime', 'runc'], 'echo', 'a'), 'a');
      const { code, stderr } = await bench.attempt(['--runtime', 'nonesuch'], 'true');
      assert.equal(code, 125);
      assert.match(stderr, /unknown or invalid runtime name: nonesuch/);
    },
  },
  'security-opt': {
    works: async (bench) => {
      const status = ['grep', '-E', 'Seccomp:|NoNewPrivs', '/proc/self/status'];
      const own = await bench.run(['--security-opt', 'no-new-privileges'], ...status);
      assert.match(own, /NoNewPrivs:\t1/);
      const open = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'no-new-privileges=false'];
      assert.deepEqual(lines(await bench.run(open, ...status)), ['NoNewPrivs:\t0', 'Seccomp:\t0']);
      const profile = fileOf(
        bench,
        'seccomp.json',
        JSON.stringify({
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['chmod', 'fchmod', 'fchmodat', 'fchmodat2'], action: 'SCMP_ACT_ERRNO' }],
        }),
      );
      const { code } = await bench.attempt(['--security-opt', `seccomp=${profile}`], 'chmod', '700', '/tmp');
      assert.equal(code, 1);
      const masked = ['--security-opt', 'systempaths=unconfined'];
      assert.match(await bench.run(masked, 'sh', '-c', 'cat /proc/timer_list | head -c 10'), /Timer/);
    },
  },
  'shm-size': says(['--shm-size', '16m'], ['df', '-k', '/dev/shm'], /\b16384\b/),
  'sig-proxy': says(['--sig-proxy=false'], ['echo', 'a'], 'a'),
  'stop-signal': field(['--stop-signal', 'USR1'], 'Config.StopSignal', 'USR1'),
  'stop-timeout': field(['--stop-timeout', '3'], 'Config.StopTimeout', 3),
  'storage-opt': refuses(
    ['--storage-opt', 'size=1g'],
    /--storage-opt is supported only for overlay over xfs with 'pquota'/,
    'works where the data root is on XFS mounted with pquota or ext4 with prjquota',
  ),
  sysctl: says(['--sysctl', 'net.core.somaxconn=77'], ['cat', '/proc/sys/net/core/somaxconn'], '77'),
  tmpfs: says(['--tmpfs', '/t:size=1m'], ['df', '-k', '/t'], /\b1024\b/),
  tty: says(['-t'], shell('test -t 1 && echo yes'), /yes/),
  ulimit: says(['--ulimit', 'nofile=100:200'], shell('ulimit -Sn; ulimit -Hn'), '100\n200'),
  'use-api-socket': {
    other: 'the client mounts the socket and its own configuration; nothing of it reaches the daemon',
  },
  user: says(['-u', '1234:5678'], shell('id -u; id -g'), '1234\n5678'),
  userns: {
    works: async (bench) => {
      assert.equal(await bench.run(['--userns', 'host'], 'echo', 'a'), 'a');
      const { code } = await bench.attempt(['--userns', 'nonesuch'], 'true');
      assert.equal(code, 125);
    },
  },
  uts: {
    works: async (bench) => {
      const host = await bench.run(['--uts', 'host'], 'readlink', '/proc/self/ns/uts');
      assert.notEqual(host, await bench.run([], 'readlink', '/proc/self/ns/uts'));
    },
  },
  volume: {
    works: async (bench) => {
      const directory = bench.daemon.path('volume');
      mkdirSync(directory, { recursive: true });
      await bench.run(['-v', `${directory}:/v`], 'touch', '/v/a');
      const { code } = await bench.attempt(['-v', `${directory}:/v:ro`], 'touch', '/v/b');
      assert.equal(code, 1);
      assert.equal(await bench.run(['-v', `${directory}:/v:ro`], 'ls', '/v'), 'a');
    },
  },
  'volume-driver': {
    works: async (bench) => {
      assert.equal(await bench.run(['--volume-driver', 'local', '-v', '/x'], 'echo', 'a'), 'a');
      const { code, stderr } = await bench.attempt(['--volume-driver', 'nonesuch', '-v', 'a:/x'], 'true');
      assert.equal(code, 125);
      assert.match(stderr, /nonesuch/);
    },
  },
  'volumes-from': {
    works: async (bench) => {
      await bench.running(['-v', '/shared'], async (name) => {
        await bench.docker('exec', name, 'touch', '/shared/a');
        assert.equal(await bench.run(['--volumes-from', `${name}:ro`], 'ls', '/shared'), 'a');
      });
    },
  },
  workdir: says(['-w', '/not/there'], ['pwd'], '/not/there'),
};
