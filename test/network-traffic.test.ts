/** Real packets: between containers, names, published ports from everywhere, and other machines made of namespaces. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { withoutDocker } from './harness/docker.ts';
import { eventually, execute } from './harness/execute.ts';
import { OutsideHost } from './harness/outside.ts';
import { askTcp, askUdp, freePort, startUdpEcho } from './harness/ports.ts';

const daemon = await TestDaemon.start();
const outside = await OutsideHost.start();
after(async () => {
  await outside.end();
  await daemon.end();
});
await daemon.makeBusybox();

const docker = (...args: string[]) => daemon.ok('docker', args);
const sh = async (name: string, script: string) =>
  (await daemon.docker(['exec', name, 'sh', '-c', script])).stdout.trim();
const inspect = async (name: string) => JSON.parse(await docker('container', 'inspect', name))[0];
const remove = async (containers: string[], networks: string[]) => {
  await docker('rm', '-f', '-v', ...containers);
  if (networks.length > 0) await docker('network', 'rm', ...networks);
};

/** A container that says its name to whoever connects to port 80; ready when this returns. */
async function serve(name: string, ...flags: string[]): Promise<void> {
  const script = 'exec nc -ll -p 80 -e echo $NAME';
  await docker('run', '-d', '--name', name, '-e', `NAME=${name}`, ...flags, 'busybox', 'sh', '-c', script);
  await eventually(`${name} listens`, async () => (await sh(name, 'netstat -lnt')).includes(':80 '));
}

/** What comes from port 80 of an address, as a container sees it; empty: nothing within a second. */
const get = (from: string, address: string, port = 80) =>
  sh(from, `timeout 2 nc -w 1 ${address} ${port} </dev/null`);
/** Addresses that a name has for a container. */
async function lookup(from: string, name: string): Promise<string[]> {
  const text = await sh(from, `nslookup ${name}`);
  return [
    ...text
      .split('\n\n')
      .slice(1)
      .join('\n')
      .matchAll(/^Address: (\S+)$/gm),
  ]
    .map((match) => match[1] ?? '')
    .sort();
}

describe('networks of one host', () => {
  test('containers of one network reach each other, those of two do not', async () => {
    await docker('network', 'create', 'one');
    await docker('network', 'create', 'two');
    await serve('a1', '--network', 'one');
    await serve('a2', '--network', 'two');
    await serve('a0');
    const address = async (name: string, network: string) =>
      (await inspect(name)).NetworkSettings.Networks[network].IPAddress;
    await docker('run', '-d', '--name', 'asker', '--network', 'one', 'busybox', 'sleep', '1000');
    assert.equal(await get('asker', 'a1'), 'a1');
    assert.equal(await get('asker', await address('a2', 'two')), '');
    assert.equal(await get('asker', await address('a0', 'bridge')), '');
    assert.deepEqual(await lookup('asker', 'a2'), []);
    await docker('network', 'connect', 'two', 'asker');
    assert.equal(await get('asker', 'a2'), 'a2');
    await docker('network', 'disconnect', 'two', 'asker');
    assert.deepEqual(await lookup('asker', 'a2'), []);
    await remove(['a0', 'a1', 'a2', 'asker'], ['one', 'two']);
  });

  test('an internal network has no way out and none in; without icc neighbours are apart', async () => {
    await docker('network', 'create', '--internal', 'inner');
    await serve('i1', '--network', 'inner');
    await docker('run', '-d', '--name', 'i2', '--network', 'inner', 'busybox', 'sleep', '1000');
    assert.equal(await get('i2', 'i1'), 'i1');
    assert.equal(await sh('i2', 'ip route | grep -c default'), '0');
    assert.match(await sh('i2', 'nslookup -timeout=1 example.com; true'), /SERVFAIL/);
    await docker('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart');
    await serve('p1', '--network', 'apart');
    await docker('run', '-d', '--name', 'p2', '--network', 'apart', 'busybox', 'sleep', '1000');
    assert.equal(await get('p2', 'p1'), '');
    await remove(['i1', 'i2', 'p1', 'p2'], ['inner', 'apart']);
  });

  test('IPv6: addresses, names, the way out, and a network with nothing else', {
    skip: withoutDocker(28),
  }, async () => {
    await docker('network', 'create', '--ipv6', '--subnet', 'fd73::/64', '--gateway', 'fd73::9', 'six');
    await docker('network', 'create', '--ipv6', '--ipv4=false', 'six-only');
    await serve('s1', '--network', 'six', '--ip6', 'fd73::77');
    await docker('run', '-d', '--name', 's2', '--network', 'six', 'busybox', 'sleep', '1000');
    assert.equal((await inspect('s1')).NetworkSettings.Networks.six.GlobalIPv6Address, 'fd73::77');
    assert.deepEqual((await lookup('s2', 's1')).at(-1), 'fd73::77');
    assert.equal(await get('s2', 'fd73::77'), 's1');
    assert.match(await sh('s2', 'ip -6 route'), /^default via fd73::9 dev eth0/m);
    assert.match(
      await sh('s2', `ping -c1 -W2 ${outside.hostAddress6.replace(/1$/, '2')}`),
      / 0% packet loss/,
    );
    await serve('o1', '--network', 'six-only');
    await docker('run', '-d', '--name', 'o2', '--network', 'six-only', 'busybox', 'sleep', '1000');
    assert.equal(await get('o2', 'o1'), 'o1');
    assert.equal((await inspect('o1')).NetworkSettings.Networks['six-only'].IPAddress, '');
    await remove(['s1', 's2', 'o1', 'o2'], ['six', 'six-only']);
  });

  test('links of the default bridge are lines of /etc/hosts and variables, and follow a restart', async () => {
    await serve('db', '--expose', '5432', '-e', 'KEY=value');
    await docker('run', '-d', '--name', 'linker', '--link', 'db:store', 'busybox', 'sleep', '1000');
    assert.equal(await get('linker', 'store'), 'db');
    const before = (await inspect('db')).NetworkSettings.Networks.bridge.IPAddress;
    const variables = await sh('linker', 'cat /proc/1/environ | tr "\\0" "\\n"');
    assert.match(variables, new RegExp(`^STORE_PORT_5432_TCP=tcp://${before}:5432$`, 'm'));
    assert.match(variables, /^STORE_NAME=\/linker\/store$/m);
    assert.match(variables, /^STORE_ENV_KEY=value$/m);
    await docker('restart', '-t', '0', 'db');
    await eventually('the link leads to it again', async () => (await get('linker', 'store')) === 'db');
    const missing = await daemon.docker(['create', '--link', 'nobody', 'busybox']);
    assert.match(missing.stderr, /could not get container for nobody: No such container: nobody/);
    await docker('stop', '-t', '0', 'db');
    const stopped = await daemon.docker(['run', '--rm', '--link', 'db', 'busybox', 'true']);
    assert.match(stopped.stderr, /Cannot link to a non running container: \/db AS/);
    await remove(['db', 'linker'], []);
  });

  test('macvlan: containers stand on the parent’s network, beside other machines', async (t) => {
    const parent = `${daemon.bridge}p`;
    const kinds = await execute(['ip', 'link', 'add', parent, 'type', 'veth', 'peer', 'name', `${parent}q`]);
    assert.equal(kinds.code, 0, kinds.stderr);
    t.after(() => execute(['ip', 'link', 'del', parent]));
    await execute(['ip', '-batch', '-'], {
      input: `link set ${parent} up\nlink set ${parent}q up\naddr add 10.74.0.200/24 dev ${parent}q\n`,
    });
    await docker(
      'network',
      'create',
      '-d',
      'macvlan',
      '--subnet',
      '10.74.0.0/24',
      '-o',
      `parent=${parent}`,
      'lan',
    );
    await serve('m1', '--network', 'lan', '--ip', '10.74.0.7');
    await docker('run', '-d', '--name', 'm2', '--network', 'lan', 'busybox', 'sleep', '1000');
    assert.equal(await get('m2', 'm1'), 'm1');
    assert.equal((await askTcp('10.74.0.7', 80, '')).trim(), 'm1');
    await remove(['m1', 'm2'], ['lan']);
    const ipvlan = await daemon.docker(
      ...([
        ['network', 'create', '-d', 'ipvlan', '-o', `parent=${parent}`, '-o', 'ipvlan_mode=l3', 'l3'],
      ] as const),
    );
    assert.equal(ipvlan.code, 0, ipvlan.stderr);
    const run = await daemon.docker(['run', '--rm', '--network', 'l3', 'busybox', 'ip', 'route']);
    if (run.code === 0) assert.match(run.stdout, /^default dev eth0/);
    else assert.match(run.stderr, /this host's kernel cannot make such links/);
    await docker('network', 'rm', 'l3');
  });
});

describe('names', () => {
  test('aliases, ids, services with several containers, reverse, and nobody else’s', async () => {
    await docker('network', 'create', 'app_default', '--label', 'com.docker.compose.project=app');
    for (const number of [1, 2]) {
      await serve(`app-web-${number}`, '--network', 'app_default', '--network-alias', 'web');
    }
    await docker(
      'run',
      '-d',
      '--name',
      'client',
      '--network',
      'app_default',
      '--hostname',
      'Klient',
      'busybox',
      'sleep',
      '1000',
    );
    const ips = await Promise.all(
      [1, 2].map(
        async (number) => (await inspect(`app-web-${number}`)).NetworkSettings.Networks.app_default.IPAddress,
      ),
    );
    assert.deepEqual(await lookup('client', 'web'), [...ips].sort());
    assert.deepEqual(await lookup('client', 'WEB.app_default'), [...ips].sort());
    assert.deepEqual(await lookup('client', 'klient'), await lookup('client', 'client'));
    const { Id } = await inspect('app-web-1');
    assert.deepEqual(await lookup('client', Id.slice(0, 12)), [ips[0]]);
    assert.match(await sh('client', `nslookup ${ips[1]}`), /name = app-web-2\.app_default/);
    const first = new Set<string>();
    for (let i = 0; i < 4; i++) first.add(await get('client', 'web'));
    assert.deepEqual([...first].sort(), ['app-web-1', 'app-web-2']);
    await docker('rename', 'app-web-2', 'other');
    assert.deepEqual(await lookup('client', 'other'), [ips[1]]);
    assert.deepEqual(await lookup('client', 'app-web-2'), []);
    assert.match(await sh('client', 'cat /etc/resolv.conf'), /^nameserver 127\.0\.0\.11$/m);
    await docker('rm', '-f', 'app-web-1');
    assert.deepEqual(await lookup('client', 'web'), [ips[1]]);
    await remove(['other', 'client'], ['app_default']);
  });

  test('other names go to the servers of --dns, by UDP and TCP, and are kept for their time', async (t) => {
    const asked: string[] = [];
    const udp = createSocket('udp4');
    udp.on('message', (query, from) => {
      asked.push('udp');
      udp.send(responseTo(query, 1, 300), from.port, from.address);
    });
    udp.bind(0, outside.hostAddress);
    await once(udp, 'listening');
    const { port } = udp.address();
    const tcp = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', (data) => {
          asked.push('tcp');
          const response = responseTo(Buffer.from(data).subarray(2), 100, 300);
          socket.end(Buffer.concat([Buffer.of(response.length >> 8, response.length & 255), response]));
        });
    }).listen(port, outside.hostAddress);
    await once(tcp, 'listening');
    t.after(() => {
      udp.close();
      tcp.close();
    });
    await docker('network', 'create', 'resolving');
    const flags = [
      '--network',
      'resolving',
      '--dns',
      `${outside.hostAddress}#${port}`,
      '--dns-search',
      'corp.test',
    ];
    const made = await daemon.api('/containers/create?name=resolver', {
      method: 'POST',
      body: {
        Image: 'busybox',
        Cmd: ['sleep', '1000'],
        HostConfig: {
          NetworkMode: 'resolving',
          Dns: [flags[3]],
          DnsSearch: ['corp.test'],
          DnsOptions: ['timeout:3'],
        },
      },
    });
    assert.equal(made.status, 201, made.text);
    await docker('start', 'resolver');
    assert.equal(
      await sh('resolver', 'cat /etc/resolv.conf'),
      'nameserver 127.0.0.11\nsearch corp.test\noptions timeout:3 ndots:0',
    );
    assert.deepEqual(await lookup('resolver', '-type=a far.test'), ['10.9.9.0']);
    assert.deepEqual(await lookup('resolver', '-type=a far.test'), ['10.9.9.0']);
    assert.deepEqual(asked, ['udp']);
    const { pid } = (await inspect('resolver')).State.Pid
      ? { pid: (await inspect('resolver')).State.Pid }
      : { pid: 0 };
    const script = `const q = Buffer.from('000701000001000000000000036661720474657374000001' + '0001', 'hex');
      const s = require('node:net').connect(53, '127.0.0.11', () => s.write(Buffer.concat([Buffer.of(0, q.length), q])));
      s.once('data', (d) => { console.log(d.readUInt16BE(2), d.readUInt16BE(8)); s.destroy(); });`;
    const byTcp = await execute(['nsenter', '-t', `${pid}`, '-n', process.execPath, '-e', script], {
      limit: 5000,
    });
    assert.equal(byTcp.stdout.trim(), '7 100');
    assert.deepEqual(asked, ['udp', 'tcp']);
    await remove(['resolver'], ['resolving']);
  });

  test('names are served again after the daemon was killed, at the same place', async () => {
    await docker('network', 'create', 'lasting');
    await serve('l1', '--network', 'lasting');
    await docker(
      'run',
      '-d',
      '--name',
      'l2',
      '--network',
      'lasting',
      '--restart',
      'no',
      'busybox',
      'sleep',
      '1000',
    );
    await daemon.stop('SIGKILL');
    await daemon.startAgain();
    assert.equal(await get('l2', 'l1'), 'l1');
    await serve('l3', '--network', 'lasting');
    assert.equal(await get('l2', 'l3'), 'l3');
    await remove(['l1', 'l2', 'l3'], ['lasting']);
  });
});

/** An answer with `count` addresses 10.9.9.x to a query, as a real server would give it. */
function responseTo(query: Buffer, count: number, ttl: number): Buffer {
  let end = 12;
  while (query[end]) end += (query[end] ?? 0) + 1;
  const question = query.subarray(12, end + 5);
  const wantsA = question.readUInt16BE(question.length - 4) === 1;
  const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(wantsA ? count : 0, 6);
  const records = Array.from({ length: wantsA ? count : 0 }, (_, i) => {
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 9, 9, i]);
    record.writeUInt32BE(ttl, 6);
    return record;
  });
  return Buffer.concat([header, question, ...records]);
}

describe('published ports', () => {
  test('TCP is reached from outside, from the host, over both loopbacks, and by other containers', async () => {
    await docker('network', 'create', '--ipv6', 'dual');
    for (const [name, network] of [
      ['on-bridge', 'bridge'],
      ['on-dual', 'dual'],
    ] as const) {
      const port = await freePort();
      await serve(name, '--network', network, '-p', `${port}:80`);
      assert.equal(await outside.ask(outside.hostAddress, port), name);
      assert.equal(await outside.ask(outside.hostAddress6, port), name);
      for (const address of ['127.0.0.1', '::1', outside.hostAddress]) {
        assert.equal((await askTcp(address, port, '')).trim(), name, address);
      }
      assert.equal(await get(name, outside.hostAddress, port), name, 'itself, by the host’s address');
      await docker('run', '-d', '--name', 'stranger', 'busybox', 'sleep', '1000');
      assert.equal(
        await get('stranger', outside.hostAddress, port),
        name,
        'another network, by the host’s address',
      );
      await remove(['stranger', name], []);
      await assert.rejects(askTcp('127.0.0.1', port, ''));
    }
    await docker('network', 'rm', 'dual');
  });

  test('UDP is reached over both loopbacks and from outside', async () => {
    const port = await freePort();
    await docker('run', '-d', '--name', 'echo', '-p', `${port}:7/udp`, 'busybox', 'sleep', '1000');
    const echo = await startUdpEcho((await inspect('echo')).State.Pid, 7);
    for (const address of ['127.0.0.1', '::1', outside.hostAddress]) {
      assert.equal(await askUdp(address, port, address), `echo ${address}`);
    }
    const sender = createSocket('udp4').bind(0, '127.0.0.1');
    const ask = async (text: string) => {
      sender.send(text, port, '127.0.0.1');
      const [response] = await once(sender, 'message', { signal: AbortSignal.timeout(3000) });
      return String(response);
    };
    assert.equal(await ask('before'), 'echo before');
    echo.child.kill();
    await docker('restart', '-t', '0', 'echo');
    const again = await startUdpEcho((await inspect('echo')).State.Pid, 7);
    assert.equal(await ask('after'), 'echo after', 'a flow that was there before the restart');
    again.child.kill();
    sender.close();
    await remove(['echo'], []);
  });

  test('addresses, ranges and random ports are as asked, and never wider', async () => {
    const port = await freePort();
    await serve('narrow', '-p', `127.0.0.1:${port}:80`);
    assert.equal((await askTcp('127.0.0.1', port, '')).trim(), 'narrow');
    assert.equal(await outside.ask(outside.hostAddress, port), undefined);
    assert.equal(await get('narrow', outside.hostAddress, port), '');
    await serve('ranged', '-p', `${port}-${port + 9}:80`, '-p', '80', '-p', '9/sctp');
    const { Ports } = (await inspect('ranged')).NetworkSettings;
    const [first, , other] = Ports['80/tcp'];
    assert.equal(first.HostPort, `${port + 1}`);
    assert.notEqual(other.HostPort, first.HostPort);
    assert.equal((await askTcp('127.0.0.1', Number(other.HostPort), '')).trim(), 'ranged');
    assert.equal(await outside.ask(outside.hostAddress, Number(first.HostPort)), 'ranged');
    assert.match(
      (await execute(['nft', 'list', 'map', 'inet', daemon.bridge, 'sctp_any4'])).stdout,
      new RegExp(`${Ports['9/sctp'][0].HostPort} : [\\d.]+ \\. 9\\b`),
    );
    await remove(['narrow', 'ranged'], []);
  });

  test('a taken port is refused with the name of its holder, and nothing stays behind', async () => {
    const port = await freePort();
    await serve('holder', '-p', `${port}:80`);
    const second = await daemon.docker(['run', '--rm', '-p', `${port}:80`, 'busybox', 'true']);
    assert.match(
      second.stderr,
      new RegExp(`Bind for 0.0.0.0:${port} failed: port is already allocated by container holder`),
    );
    const server = createServer().listen(0, '0.0.0.0');
    await once(server, 'listening');
    const taken = (server.address() as { port: number }).port;
    const third = await daemon.docker(['run', '--rm', '-p', `${taken}:80`, 'busybox', 'true']);
    assert.match(third.stderr, /address already in use by .* \(pid \d+\)/);
    server.close();
    assert.equal((await askTcp('127.0.0.1', port, '')).trim(), 'holder');
    await remove(['holder'], []);
  });

  test('ports follow the default route, and keep their number', { skip: withoutDocker(28) }, async () => {
    await docker('network', 'create', 'first');
    await docker('network', 'create', 'second');
    await serve('walker', '--network', 'first', '-p', '80');
    const port = Number((await docker('port', 'walker', '80')).split('\n')[0]?.split(':').at(-1));
    await docker('network', 'connect', '--gw-priority', '3', 'second', 'walker');
    assert.equal(await outside.ask(outside.hostAddress, port), 'walker');
    await docker('network', 'disconnect', 'first', 'walker');
    assert.equal(await outside.ask(outside.hostAddress, port), 'walker');
    await remove(['walker'], ['first', 'second']);
  });

  test('the host’s own firewall has the last word, and is named', async (t) => {
    const table = `${daemon.bridge}wall`;
    const port = await freePort();
    const nft = (text: string) => execute(['nft', '-f', '-'], { input: text });
    /* Others share this host: the policy is to drop, but only what comes from this test's outside meets it. */
    const chain = `table inet ${table} {
      chain forward {
        type filter hook forward priority 10; policy drop;
        meta nfproto ipv6 accept
        ip saddr != ${outside.address} accept
      }
    }
`;
    t.after(() => nft(`delete table inet ${table}\n`));
    assert.equal((await nft(chain)).code, 0);
    const started = await daemon.docker([
      'run',
      '-d',
      '--name',
      'walled',
      '-p',
      `${port}:80`,
      'busybox',
      'nc',
      '-ll',
      '-p',
      '80',
      '-e',
      'echo',
      'walled',
    ]);
    assert.equal(await outside.ask(outside.hostAddress, port), undefined);
    assert.equal((await askTcp('127.0.0.1', port, '')).trim(), 'walled');
    const { Warnings } = (await daemon.api('/networks/bridge')).json();
    const [advice = ''] = Warnings;
    assert(started.stderr.includes(advice), started.stderr);
    const told = await daemon.barge(['port', 'walled']);
    assert.match(told.stdout, new RegExp(`^80/tcp -> 0\\.0\\.0\\.0:${port}\\n`));
    assert.equal(told.stderr, `WARNING: ${advice}\n`);
    const rule = /nft insert rule inet \S+ forward .*$/.exec(advice)?.[0] ?? '';
    assert.equal((await execute(rule.split(' '))).code, 0, advice);
    assert.equal(await outside.ask(outside.hostAddress, port), 'walled');
    assert.equal((await daemon.api('/networks/bridge')).json().Warnings, undefined);
    await remove(['walled'], []);
  });

  test('the chain for the user’s own rules survives restarts of the daemon', async () => {
    const port = await freePort();
    const chain = ['inet', `${daemon.bridge}_user`, 'forward'];
    await serve('ruled', '-p', `${port}:80`);
    await execute([
      'nft',
      'add',
      'rule',
      ...chain,
      'meta',
      'l4proto',
      'tcp',
      'ct',
      'original',
      'proto-dst',
      `${port}`,
      'drop',
    ]);
    assert.equal(await outside.ask(outside.hostAddress, port), undefined);
    await daemon.stop('SIGTERM');
    await daemon.startAgain();
    assert.equal(await outside.ask(outside.hostAddress, port), undefined);
    await execute(['nft', 'flush', 'chain', ...chain]);
    assert.equal(await outside.ask(outside.hostAddress, port), 'ruled');
    await remove(['ruled'], []);
  });
});

test('containers on the same loopback: container: shares the network, host has the host’s', async () => {
  await docker('network', 'create', 'shared');
  await serve('owner', '--network', 'shared');
  assert.equal(
    await docker(
      'run',
      '--rm',
      '--network',
      'container:owner',
      'busybox',
      'sh',
      '-c',
      'nc -w 1 127.0.0.1 80 </dev/null; cat /etc/resolv.conf | head -1',
    ),
    'owner\nnameserver 127.0.0.11',
  );
  assert.match(
    await docker('run', '--rm', '--network', 'host', 'busybox', 'ip', 'link'),
    new RegExp(daemon.bridge),
  );
  assert(existsSync('/etc/resolv.conf') && readFileSync('/etc/resolv.conf', 'utf8').length > 0);
  await remove(['owner'], ['shared']);
});
