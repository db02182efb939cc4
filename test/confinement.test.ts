/** What processes of a container are kept from, tried from inside: system calls, control groups, the OOM killer. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { LinuxCgroups } from '../src/host/linux/cgroups.ts';
import { ROOT, TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';

const DAEMON_SCORE = '300';

const daemon = await TestDaemon.start({
  wrapper: () => ['sh', '-c', `echo ${DAEMON_SCORE} >/proc/self/oom_score_adj; exec "$@"`, 'sh'],
});
after(() => daemon.end());
await daemon.makeBusybox();

const probe = daemon.path('probe');
const source = join(ROOT, 'test/confinement/probe.c');
const compiled = await execute(['musl-gcc', '-Wall', '-Wextra', '-Werror', '-static', '-o', probe, source]);
assert.equal(compiled.code, 0, compiled.stderr);

const EPERM = '1';
const ENOSYS = '38';
/** Calls that every container may make; the rest of what the probe tries is refused. */
const ALLOWED = ['socket-unix', 'clone-plain', 'personality-ask'];
/** Refused by the kernel, too, unless a capability allows it. The rest only the filter keeps from a container. */
const BY_CAPABILITY =
  /^(unshare-(?!user)|clone-(?!user|plain)|setns|mount|umount2|pivot_root|open_tree|move_mount|fs|swapon|quotactl|open_by_handle_at|syslog|reboot|acct|init_module|finit_module|delete_module|kexec_load|set(time|host|domain)|vhangup|io(pl|perm)|bpf|perf_event_open|fanotify_init|process_madvise|kcmp|userfaultfd|io_uring)/;

/** Outcomes by name, of what the probe printed. */
function outcomes(text: string): Map<string, string> {
  const lines = text.split('\n').map((line) => line.trim().split(' '));
  const found = new Map(lines.map(([name = '', outcome = '']) => [name, outcome]));
  found.delete('');
  assert.ok(found.size > 50, `the probe printed ${found.size} lines:\n${text}`);
  return found;
}

/** What every default container's outcomes have to be. */
function assertConfined(text: string): void {
  for (const [name, outcome] of outcomes(text)) {
    const expected = ALLOWED.includes(name) ? 'ok' : name === 'clone3' ? ENOSYS : EPERM;
    assert.equal(outcome, expected, `${name} ended with ${outcome}`);
  }
}

const MOUNT = ['-v', `${probe}:/probe:ro`];
const ALONE = ['--network', 'none', ...MOUNT];

const run = (args: readonly string[], command: readonly string[] = ['/probe']) =>
  daemon.ok('barge', ['run', '--rm', ...ALONE, ...args, 'busybox', ...command]);

describe('a call that reaches beyond the container is refused', () => {
  test('to root in a default container', async () => assertConfined(await run([])));

  test('under runc', async () => assertConfined(await run(['--runtime', 'runc'])));

  test('to another user', async () => assertConfined(await run(['-u', '1000:1000'])));

  test('behind --init, and where new privileges are forbidden', async () =>
    assertConfined(await run(['--init', '--security-opt', 'no-new-privileges'])));

  test('in a second start, when the filter is ready-made', async () => {
    assertConfined(await run(['-u', '0']));
    const status = await run([], ['grep', '^Seccomp:', '/proc/self/status']);
    assert.match(status, /^Seccomp:\s+2$/);
  });

  test('to an exec', async () => {
    await daemon.ok('barge', ['run', '-d', '--name', 'exec', ...ALONE, 'busybox', 'sleep', '1000']);
    assertConfined(await daemon.ok('barge', ['exec', 'exec', '/probe']));
    await daemon.ok('barge', ['rm', '-f', 'exec']);
  });

  test('to a step of a build', async () => {
    const context = daemon.path('context');
    await execute(['mkdir', '-p', context]);
    await execute(['cp', probe, context]);
    const file = 'FROM busybox\nCOPY probe /probe\nRUN --network=none /probe >/outcome\n';
    await daemon.ok('barge', ['build', '-q', '-t', 'probed', '-f', '-', context], { input: file });
    assertConfined(await daemon.ok('barge', ['run', '--rm', ...ALONE, 'probed', 'cat', '/outcome']));
    await daemon.ok('barge', ['rmi', 'probed']);
  });
});

describe('the probe finds what is open', () => {
  test('where there is no filter and every capability', async () => {
    const open = outcomes(await run(['--security-opt', 'seccomp=unconfined', '--cap-add', 'ALL']));
    for (const [name, outcome] of open) assert.notEqual(outcome, EPERM, name);
  });

  test('where there is no filter: what no capability decides', async () => {
    const open = outcomes(await run(['--security-opt', 'seccomp=unconfined']));
    const byFilterAlone = [...open].filter(([name]) => !BY_CAPABILITY.test(name));
    assert.ok(byFilterAlone.length > 10);
    for (const [name, outcome] of byFilterAlone) assert.notEqual(outcome, EPERM, name);
  });

  test('where a capability opens it in the filter', async () => {
    const open = outcomes(await run(['--cap-add', 'SYS_ADMIN', '--cap-add', 'SYS_PTRACE']));
    for (const name of ['mount', 'umount2', 'setns', 'fsopen', 'unshare-user', 'clone3', 'pidfd_getfd'])
      assert.notEqual(open.get(name), EPERM, name);
    for (const name of ['keyctl', 'reboot', 'userfaultfd', 'mbind', 'socket-vsock'])
      assert.equal(open.get(name), EPERM, name);
  });
});

test('an annotation cannot bring a filter of its own', async () => {
  const { code, stderr } = await daemon.barge([
    ...['run', '--rm', '--annotation', 'run.oci.seccomp_bpf_data=AAAA', 'busybox', 'true'],
  ]);
  assert.equal(code, 125);
  assert.match(stderr, /invalid Annotations: run\.oci\.seccomp_bpf_data is set by the daemon/);
});

/** Lines of /proc/PID/cgroup as hierarchy and path. */
function cgroupsOf(pid: number | string): [string, string][] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  return lines.map((line) => [line.split(':')[1] ?? '', line.split(':').slice(2).join(':')]);
}

for (const runtime of ['crun', 'runc']) {
  test(`each process is in the container's own cgroup in every hierarchy (${runtime})`, async () => {
    const name = `cgroups-${runtime}`;
    const args = ['run', '-d', '--name', name, '--runtime', runtime, ...ALONE, 'busybox', 'sleep', '1000'];
    const id = await daemon.ok('barge', args);
    const top = async () => (await daemon.ok('barge', ['top', name, '-eo', 'pid,args'])).split('\n').slice(1);
    const held = daemon.startBarge(['exec', name, 'sleep', '2000']);
    const processes = await eventually('both processes run', async () => {
      const lines = await top();
      return lines.length === 2 ? lines : undefined;
    });
    for (const line of processes) {
      for (const [hierarchy, path] of cgroupsOf(line.trim().split(/\s+/)[0] ?? '')) {
        assert.equal(path, `${daemon.cgroup}/${id}`, `${line}: hierarchy "${hierarchy}"`);
      }
    }
    await daemon.ok('barge', ['rm', '-f', name]);
    await held.done;
    const left = new LinuxCgroups().layout === 'v2' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/*';
    const found = await execute(['sh', '-c', `ls -d ${left}${daemon.cgroup}/${id} 2>/dev/null`]);
    assert.equal(found.stdout, '');
  });
}

test("a container's cgroup goes with the cgroups made below it", {
  skip: new LinuxCgroups().layout !== 'hybrid',
}, async () => {
  const script = 'mkdir -p /v2 && mount -t cgroup2 none /v2 && mkdir -p /v2/a/b && echo made && sleep 1000';
  const args = ['-d', '--name', 'nested', '--privileged', '--cgroupns', 'private', '--network', 'none'];
  const id = await daemon.ok('barge', ['run', ...args, 'busybox', 'sh', '-c', script]);
  const path = `/sys/fs/cgroup/unified${daemon.cgroup}/${id}`;
  await eventually('the cgroup is made', async () =>
    (await daemon.ok('barge', ['logs', 'nested'])).includes('made'),
  );
  assert.equal((await execute(['test', '-d', `${path}/a/b`])).code, 0);
  await daemon.ok('barge', ['rm', '-f', 'nested']);
  /* The shim removes it, and no removal waits for the shim. */
  await eventually('the cgroup is removed', async () => (await execute(['test', '-e', path])).code === 1);
});

describe('the OOM score adjustment', () => {
  const own = ['cat', '/proc/self/oom_score_adj'];

  test('is 0, whatever the daemon has', async () => {
    assert.equal(readFileSync(`/proc/${daemon.pid}/oom_score_adj`, 'utf8').trim(), DAEMON_SCORE);
    assert.equal(await run([], own), '0');
  });

  test('is what was asked for, of an exec too', async () => {
    const args = [
      'run',
      '-d',
      '--name',
      'score',
      '--oom-score-adj',
      '77',
      ...ALONE,
      'busybox',
      'sleep',
      '1000',
    ];
    await daemon.ok('barge', args);
    assert.equal(await daemon.ok('barge', ['exec', 'score', ...own]), '77');
    await daemon.ok('barge', ['rm', '-f', 'score']);
  });

  test('is 0 for a step of a build', async () => {
    const file = `FROM busybox\nRUN --network=none ${own.join(' ')} >/score\n`;
    await daemon.ok('barge', ['build', '-q', '-t', 'scored', '-'], { input: file });
    assert.equal(await daemon.ok('barge', ['run', '--rm', ...ALONE, 'scored', 'cat', '/score']), '0');
    await daemon.ok('barge', ['rmi', 'scored']);
  });
});
