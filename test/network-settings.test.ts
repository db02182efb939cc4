/** What the daemon's own options say of networks, a restart on an empty kernel, and networks without a default one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';
import { askTcp, freePort } from './harness/ports.ts';

async function withDaemon(
  flags: readonly string[],
  use: (daemon: TestDaemon) => Promise<void>,
): Promise<void> {
  const daemon = await TestDaemon.start({ flags });
  try {
    await daemon.makeBusybox();
    await use(daemon);
  } finally {
    await daemon.end();
  }
}

test('the default network and new ones are as the daemon’s options say', async () => {
  const flags = [
    ...['--ipv6', '--fixed-cidr-v6', 'fd75::/64', '--icc=false', '--mtu', '1400', '--ip', '127.0.0.1'],
    ...['--default-address-pool', 'base=10.75.0.0/16,size=24', '--default-network-opt'],
    'bridge=com.docker.network.driver.mtu=1300',
  ];
  await withDaemon(flags, async (daemon) => {
    const docker = (...args: string[]) => daemon.ok('docker', args);
    const { Options, EnableIPv6, IPAM } = (await daemon.api('/networks/bridge')).json();
    assert.equal(EnableIPv6, true);
    assert.equal(IPAM.Config[1].Subnet, 'fd75::/64');
    assert.equal(Options['com.docker.network.bridge.enable_icc'], 'false');
    assert.match(
      await docker('run', '--rm', 'busybox', 'ip', 'addr'),
      /mtu 1400[\s\S]*inet6 fd75::[0-9a-f]+\/64/,
    );
    const port = await freePort();
    const http = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'here'];
    await docker('run', '-d', '--name', 'bound', '-p', `${port}:80`, ...http);
    assert.equal(await docker('port', 'bound'), `80/tcp -> 127.0.0.1:${port}`);
    for (const [name, subnet] of [
      ['pool-a', '10.75.0.0/24'],
      ['pool-b', '10.75.1.0/24'],
    ] as const) {
      await docker('network', 'create', name);
      assert.equal((await daemon.api(`/networks/${name}`)).json().IPAM.Config[0].Subnet, subnet);
    }
    assert.match(await docker('run', '--rm', '--network', 'pool-a', 'busybox', 'ip', 'link'), /mtu 1300/);
    /* Less than IPv6 needs: the kernel takes no IPv6 setting of such a link. */
    await docker('network', 'create', '-o', 'com.docker.network.driver.mtu=1234', 'narrow');
    assert.match(await docker('run', '--rm', '--network', 'narrow', 'busybox', 'ip', 'link'), /mtu 1234/);
    const hosts = await docker(
      'run',
      '--rm',
      '--add-host',
      'hg:host-gateway',
      'busybox',
      'cat',
      '/etc/hosts',
    );
    assert.match(hosts, /^\d+(\.\d+){3}\thg\nfd75::1\thg$/m);
  });
});

test('without a default network, who asks for no other has none', async () => {
  const daemon = await TestDaemon.start({ withoutBridge: true });
  try {
    await daemon.makeBusybox();
    for (const asked of [[], ['--network', 'bridge']]) {
      const links = await daemon.ok('docker', ['run', '--rm', ...asked, 'busybox', 'ip', '-o', 'link']);
      assert.doesNotMatch(links, /eth0/);
    }
    await daemon.ok('docker', ['network', 'create', 'own']);
    const links = await daemon.ok('docker', [
      'run',
      '--rm',
      '--network',
      'own',
      'busybox',
      'ip',
      '-o',
      'link',
    ]);
    assert.match(links, /eth0/);
  } finally {
    await daemon.end();
  }
});

test('without rules, published ports are relayed and nothing is written into nftables', async () => {
  await withDaemon(['--iptables=false'], async (daemon) => {
    const port = await freePort();
    const http = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'here'];
    await daemon.ok('docker', ['run', '-d', '-p', `${port}:80`, ...http]);
    await eventually('it listens', async () => (await askTcp('127.0.0.1', port, '')).trim() === 'here');
    const { stdout } = await execute(['nft', 'list', 'tables']);
    assert(!stdout.includes(daemon.bridge));
  });
});

test('networks come back on a kernel that has nothing of them, as after a reboot', async () => {
  await withDaemon([], async (daemon) => {
    const docker = (...args: string[]) => daemon.ok('docker', args);
    await docker('network', 'create', '--ipv6', '--label', 'a=b', 'lasting');
    const before = (await daemon.api('/networks/lasting')).json();
    await docker('create', '--name', 'sleeper', '--network', 'lasting', 'busybox', 'nslookup', 'sleeper');
    await daemon.stop('SIGKILL');
    const bridge = `br-${before.Id.slice(0, 12)}`;
    for (const command of [
      ['ip', 'link', 'del', bridge],
      ['ip', 'link', 'del', daemon.bridge],
      ['nft', 'delete', 'table', 'inet', daemon.bridge],
    ]) {
      assert.equal((await execute(command)).code, 0, command.join(' '));
    }
    await daemon.startAgain();
    assert.deepEqual((await daemon.api('/networks/lasting')).json(), before);
    await docker('start', '-a', 'sleeper');
    await docker('rm', 'sleeper');
    await daemon.stop('SIGTERM');
    assert.notEqual((await execute(['ip', 'link', 'show', bridge])).code, 0, 'nothing runs, nothing is left');
    await daemon.startAgain();
    assert.deepEqual((await daemon.api('/networks/lasting')).json(), before);
  });
});
