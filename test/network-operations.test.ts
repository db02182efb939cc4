/** The API's Network tag: every operation, its filters, and what it refuses, through the real docker client too. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';
import { withoutDocker } from './harness/docker.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const docker = (...args: string[]) => daemon.ok('docker', args);
const post = (path: string, body: unknown = {}) => daemon.api(path, { method: 'POST', body });
const create = (body: Record<string, unknown>) => post('/networks/create', body);
const inspect = async (name: string) => (await daemon.api(`/networks/${name}`)).json();
const container = async (name: string) => JSON.parse(await docker('container', 'inspect', name))[0];
const names = async (filters: unknown) => {
  const answer = await daemon.api(`/networks?filters=${encodeURIComponent(JSON.stringify(filters))}`);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json() as { Name: string }[]).map(({ Name }) => Name);
};

/** Asserts the status and the message of a refusal. */
async function refused(request: Promise<{ status: number; text: string }>, status: number, message: RegExp) {
  const answer = await request;
  assert.equal(answer.status, status, answer.text);
  assert.match(JSON.parse(answer.text).message, message);
}

describe('create', () => {
  test('with everything chosen, inspect tells it again', async () => {
    const body = {
      Name: 'whole',
      CheckDuplicate: true,
      EnableIPv6: true,
      Attachable: true,
      Labels: { a: 'b' },
      Options: {
        'com.docker.network.driver.mtu': '1400',
        'com.docker.network.bridge.name': `${daemon.bridge}w`,
      },
      IPAM: {
        Driver: 'default',
        Options: { x: 'y' },
        Config: [
          {
            Subnet: '10.61.0.0/16',
            IPRange: '10.61.128.0/17',
            Gateway: '10.61.0.9',
            AuxiliaryAddresses: { router: '10.61.128.0' },
          },
          { Subnet: 'fd61::/64', Gateway: 'fd61::9' },
        ],
      },
    };
    const made = await create(body);
    assert.equal(made.status, 201, made.text);
    const found = await inspect(made.json().Id.slice(0, 9));
    const { Id, Created, Status, Containers, ...rest } = found;
    assert.match(Id, /^[0-9a-f]{64}$/);
    assert(Date.parse(Created) > 0);
    assert.deepEqual(Containers, {});
    assert.deepEqual(Status.IPAM.Subnets['10.61.0.0/16'], { IPsInUse: 4, DynamicIPsAvailable: 32766 });
    assert.deepEqual(rest, {
      Name: 'whole',
      Scope: 'local',
      Driver: 'bridge',
      EnableIPv4: true,
      EnableIPv6: true,
      IPAM: {
        Driver: 'default',
        Options: { x: 'y' },
        Config: [body.IPAM.Config[0], { Subnet: 'fd61::/64', IPRange: '', Gateway: 'fd61::9' }],
      },
      Internal: false,
      Attachable: true,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Options: body.Options,
      Labels: { a: 'b' },
    });
    assert(existsSync(`/sys/class/net/${daemon.bridge}w`));
    await docker('network', 'rm', 'whole');
    assert(!existsSync(`/sys/class/net/${daemon.bridge}w`));
  });

  test('a configuration-only network lends its configuration', async () => {
    await docker('network', 'create', '--config-only', '--subnet', '10.62.0.0/24', 'template');
    await docker('network', 'create', '--config-from', 'template', 'from-template');
    const { IPAM, ConfigFrom } = await inspect('from-template');
    assert.equal(IPAM.Config[0].Subnet, '10.62.0.0/24');
    assert.deepEqual(ConfigFrom, { Network: 'template' });
    await refused(daemon.api('/networks/template', { method: 'DELETE' }), 403, /in use by the network/);
    await docker('network', 'rm', 'from-template', 'template');
  });

  test('what cannot be is refused with a reason, and nothing is left of it', async () => {
    const before = await docker('network', 'ls', '-q');
    const ipam = (config: unknown) => ({ Name: 'wrong', IPAM: { Config: [config] } });
    await docker('network', 'create', '--subnet', '10.63.0.0/24', 'there');
    for (const [body, status, message] of [
      [{ Name: '' }, 400, /name is empty/],
      [{ Name: 'bridge' }, 403, /operation is not permitted on predefined bridge network/],
      [{ Name: 'there' }, 409, /network with name there already exists/],
      [{ Name: 'wrong', Driver: 'overlay' }, 403, /This node is not a swarm manager/],
      [{ Name: 'wrong', Driver: 'nonsense' }, 404, /plugin "nonsense" not found/],
      [{ Name: 'wrong', Driver: 'host' }, 403, /only one instance of "host" network is allowed/],
      [ipam({ Subnet: '10.63.0.128/25' }), 403, /Pool overlaps with other one on this address space/],
      [ipam({ Subnet: '10.64.0.5/24' }), 400, /invalid subnet 10.64.0.5\/24: it should be 10.64.0.0\/24/],
      [ipam({ Subnet: 'x' }), 400, /invalid subnet x: invalid CIDR block notation/],
      [
        ipam({ Subnet: '10.64.0.0/24', Gateway: '10.65.0.1' }),
        400,
        /invalid gateway 10.65.0.1: parent subnet/,
      ],
      [ipam({ Subnet: '10.64.0.0/24', IPRange: '10.64.0.0/16' }), 400, /bigger than its parent subnet/],
      [{ Name: 'wrong', EnableIPv4: false }, 400, /IPv4 or IPv6 must be enabled/],
      [{ Name: 'wrong', Options: { 'com.docker.network.bridge.enable_icc': 'x' } }, 400, /enable_icc/],
      [{ Name: 'wrong', Options: { 'com.docker.network.bridge.name': 'lo' } }, 403, /is not a bridge/],
      [
        { Name: 'wrong', Driver: 'macvlan', Options: { parent: 'nowhere0' } },
        400,
        /nowhere0 .*does not exist/,
      ],
      [{ Name: 'wrong', Driver: 'macvlan', Options: { macvlan_mode: 'x' } }, 400, /macvlan_mode/],
      [{ Name: 5 }, 400, /cannot unmarshal number into Go struct field CreateRequest.Name of type string/],
    ] as const) {
      await refused(create(body), status, message);
    }
    await docker('network', 'rm', 'there');
    assert.equal(await docker('network', 'ls', '-q'), before);
  });
});

describe('list, inspect and remove', () => {
  test('filters choose networks', async () => {
    await docker('network', 'create', '--label', 'kind=x', 'f-one');
    await docker('network', 'create', 'f-two');
    await docker('create', '--name', 'f-user', '--network', 'f-two', 'busybox');
    const { Id } = await inspect('f-one');
    for (const [filters, expected] of [
      [{ name: ['f-'] }, ['f-one', 'f-two']],
      [{ id: [Id.slice(0, 12)] }, ['f-one']],
      [{ label: ['kind'] }, ['f-one']],
      [{ label: ['kind=y'] }, []],
      [{ driver: ['null', 'host'] }, ['host', 'none']],
      [{ type: ['builtin'] }, ['bridge', 'host', 'none']],
      [{ type: ['custom'] }, ['f-one', 'f-two']],
      [{ scope: ['swarm'] }, []],
      [{ dangling: ['true'] }, ['f-one']],
      [{ dangling: { true: true }, name: ['f-'] }, ['f-one']],
    ] as const) {
      assert.deepEqual(await names(filters), expected, JSON.stringify(filters));
    }
    await refused(daemon.api('/networks?filters={"type":["x"]}'), 400, /invalid filter/);
    await refused(daemon.api('/networks?filters={"x":["x"]}'), 400, /invalid filter/);
    await docker('rm', 'f-user');
    await docker('network', 'rm', 'f-one', 'f-two');
  });

  test('unknown names, scopes and networks in use are refused', async () => {
    await refused(daemon.api('/networks/nowhere'), 404, /network nowhere not found/);
    await refused(daemon.api('/networks/bridge?scope=swarm'), 404, /not found/);
    await refused(daemon.api('/networks/nowhere', { method: 'DELETE' }), 404, /network nowhere not found/);
    await refused(daemon.api('/networks/none', { method: 'DELETE' }), 403, /none is a pre-defined network/);
    await docker('network', 'create', 'used');
    await docker('run', '-d', '--name', 'user', '--network', 'used', 'busybox', 'sleep', '1000');
    await refused(
      daemon.api('/networks/used', { method: 'DELETE' }),
      403,
      /network used has active endpoints \(name:"user" id:"[0-9a-f]{12}"\)/,
    );
    const { Containers } = await inspect('used');
    const [endpoint] = Object.values(Containers) as Record<string, string>[];
    const { NetworkSettings } = await container('user');
    const { used } = NetworkSettings.Networks;
    assert.deepEqual(endpoint, {
      Name: 'user',
      EndpointID: used.EndpointID,
      MacAddress: used.MacAddress,
      IPv4Address: `${used.IPAddress}/${used.IPPrefixLen}`,
      IPv6Address: '',
    });
    await docker('rm', '-f', 'user');
    await docker('network', 'rm', 'used');
    const gone = await daemon.docker(['run', '--network', 'used', '--name', 'late', 'busybox', 'true']);
    assert.equal(gone.code, 125);
    assert.match(gone.stderr, /Error response from daemon: network used not found/);
    await docker('network', 'create', 'used');
    await docker('start', '-a', 'late');
    await docker('rm', 'late');
    await docker('network', 'rm', 'used');
  });

  test('prune removes what no container is on, as the filters say', async () => {
    for (const name of ['p-kept', 'p-old', 'p-used']) await docker('network', 'create', name);
    await docker('network', 'create', '--label', 'keep', 'p-labelled');
    await docker('create', '--name', 'p-user', '--network', 'p-used', 'busybox');
    const prune = async (filters: unknown) =>
      (await post(`/networks/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`)).json()
        .NetworksDeleted;
    assert.equal(await prune({ until: ['1h'] }), null);
    assert.deepEqual(await prune({ label: ['keep'] }), ['p-labelled']);
    assert.deepEqual((await prune({})).sort(), ['p-kept', 'p-old']);
    await docker('rm', 'p-user');
    assert.deepEqual(await prune({}), ['p-used']);
  });

  test('events tell of networks and of who joins them', async () => {
    const since = Math.floor(Date.now() / 1000);
    await docker('network', 'create', 'seen');
    await docker('run', '--rm', '--name', 'seer', '--network', 'seen', 'busybox', 'true');
    await docker('network', 'rm', 'seen');
    const text = await docker(
      ...['events', '--since', `${since}`, '--until', `${Math.ceil(Date.now() / 1000) + 1}`],
      ...['--filter', 'type=network', '--filter', 'network=seen', '--format', '{{.Action}}'],
    );
    assert.deepEqual(text.split('\n'), ['create', 'connect', 'disconnect', 'destroy']);
    const all = await docker(
      ...['events', '--since', `${since}`, '--until', `${Math.ceil(Date.now() / 1000) + 1}`],
      ...['--format', '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'],
    );
    const order = [
      'container start seer',
      'container die seer',
      'network disconnect seen',
      'container destroy seer',
    ];
    assert.deepEqual(
      all.split('\n').filter((line) => order.includes(line)),
      order,
    );
  });
});

describe('connect and disconnect', () => {
  test('a container is on several networks, running or not, and inspect tells where', async () => {
    await docker('network', 'create', '--subnet', '10.66.0.0/24', 'c-one');
    await docker('network', 'create', 'c-two');
    await docker('create', '--name', 'mover', '--network', 'c-two', 'busybox', 'sleep', '1000');
    await docker('network', 'connect', '--ip', '10.66.0.77', '--alias', 'moved', 'c-one', 'mover');
    const stopped = (await container('mover')).NetworkSettings.Networks;
    assert.deepEqual(Object.keys(stopped), ['c-two', 'c-one']);
    assert.equal(stopped['c-one'].IPAddress, '');
    assert.deepEqual(stopped['c-one'].IPAMConfig, { IPv4Address: '10.66.0.77' });
    await docker('start', 'mover');
    const running = (await container('mover')).NetworkSettings;
    assert.equal(running.Networks['c-one'].IPAddress, '10.66.0.77');
    assert.deepEqual(running.Networks['c-one'].DNSNames.slice(0, 2), ['mover', 'moved']);
    assert(existsSync(running.SandboxKey));
    await docker('network', 'disconnect', 'c-two', 'mover');
    assert.match(await docker('exec', 'mover', 'ip', 'route'), /^default via 10\.66\.0\.1 /);
    assert.doesNotMatch(await docker('exec', 'mover', 'cat', '/etc/hosts'), /^172\./m);
    await docker('network', 'connect', 'bridge', 'mover');
    assert.equal((await docker('exec', 'mover', 'ip', '-o', '-4', 'addr')).split('\n').length, 3);
    await docker('restart', '-t', '0', 'mover');
    const again = (await container('mover')).NetworkSettings.Networks;
    assert.deepEqual(Object.keys(again).sort(), ['bridge', 'c-one']);
    await docker('rm', '-f', 'mover');
    await docker('network', 'rm', 'c-one', 'c-two');
  });

  test('who joins a network of names while it runs gets the name server; ids name networks too', async () => {
    await docker('network', 'create', 'n-later');
    const { Id } = await inspect('n-later');
    await docker('run', '-d', '--name', 'n-peer', '--network', Id.slice(0, 10), 'busybox', 'sleep', '1000');
    await docker('run', '-d', '--name', 'n-comer', 'busybox', 'sleep', '1000');
    const resolv = () => docker('exec', 'n-comer', 'cat', '/etc/resolv.conf');
    assert.doesNotMatch(await resolv(), /127\.0\.0\.11/);
    await docker('network', 'connect', Id, 'n-comer');
    assert.match(await resolv(), /^nameserver 127\.0\.0\.11$/m);
    const { IPAddress } = (await container('n-peer')).NetworkSettings.Networks['n-later'];
    const found = await docker('exec', 'n-comer', 'nslookup', '-type=a', 'n-peer');
    assert(found.includes(`Address: ${IPAddress}`), found);
    const own = (await container('n-comer')).NetworkSettings.Networks['n-later'].IPAddress;
    assert.match(await docker('exec', 'n-comer', 'cat', '/etc/hosts'), new RegExp(`^${own}\t`, 'm'));
    await docker('rm', '-f', 'n-peer', 'n-comer');
    await docker('network', 'rm', Id.slice(0, 12));
  });

  test('what cannot be connected is refused', async () => {
    await docker('network', 'create', '--subnet', '10.67.0.0/24', 'r-one');
    await docker('network', 'create', 'r-auto');
    for (const [name, mode] of [
      ['r-run', 'r-one'],
      ['r-none', 'none'],
      ['r-host', 'host'],
      ['r-holder', 'r-auto'],
    ] as const) {
      await docker('run', '-d', '--name', name, '--network', mode, 'busybox', 'sleep', '1000');
    }
    await docker('network', 'connect', '--ip', '10.67.0.50', 'r-one', 'r-holder');
    const connect = (network: string, Container: string, EndpointConfig: unknown = {}) =>
      post(`/networks/${network}/connect`, { Container, EndpointConfig });
    const ip = (IPv4Address: string) => ({ IPAMConfig: { IPv4Address } });
    await refused(connect('r-one', 'r-run'), 403, /endpoint with name r-run already exists in network r-one/);
    await refused(connect('r-one', 'r-none'), 403, /private \(none\) mode/);
    await refused(
      connect('r-one', 'r-host'),
      403,
      /sharing network namespace with another container or host/,
    );
    await refused(connect('host', 'r-run'), 403, /host network/);
    await refused(connect('nowhere', 'r-run'), 404, /network nowhere not found/);
    await refused(connect('r-one', 'nobody'), 404, /No such container: nobody/);
    await refused(
      connect('r-auto', 'r-run', ip('172.30.0.9')),
      400,
      /only when connecting to networks with user configured subnets/,
    );
    await refused(
      connect('bridge', 'r-run', ip('172.30.0.9')),
      400,
      /supported on user defined networks only/,
    );
    await refused(connect('bridge', 'r-run', { Aliases: ['x'] }), 400, /network-scoped alias/);
    await docker('network', 'disconnect', 'r-one', 'r-run');
    await refused(
      connect('r-one', 'r-run', ip('10.68.0.1')),
      400,
      /no configured subnet contains IP address 10.68.0.1/,
    );
    await refused(connect('r-one', 'r-run', ip('10.67.0.50')), 403, /Address already in use/);
    await refused(connect('r-one', 'r-run', { MacAddress: 'x' }), 400, /invalid MAC address: x/);
    const disconnect = (body: unknown) => post('/networks/r-one/disconnect', body);
    await refused(disconnect({ Container: 'r-run' }), 500, /is not connected to network r-one/);
    assert.equal((await disconnect({ Container: 'nobody', Force: true })).status, 200);
    await refused(disconnect({}), 400, /container is needed/);
    await docker('rm', '-f', 'r-run', 'r-none', 'r-host', 'r-holder');
    await docker('network', 'rm', 'r-one', 'r-auto');
  });

  test('the default route follows priorities, and endpoint options reach the interface', {
    skip: withoutDocker(28),
  }, async () => {
    await docker('network', 'create', '--subnet', '10.69.0.0/24', 'g-a');
    await docker('network', 'create', '--subnet', '10.70.0.0/24', 'g-b');
    await docker('network', 'create', '--internal', '--subnet', '10.71.0.0/24', 'g-internal');
    const flags = ['--network', 'g-a', '--network', 'name=g-b,gw-priority=5,mac-address=02:11:22:33:44:55'];
    const sysctls =
      'name=g-internal,gw-priority=9,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,driver-opt=com.docker.network.endpoint.ifname=inside0';
    await docker('run', '-d', '--name', 'routed', ...flags, '--network', sysctls, 'busybox', 'sleep', '1000');
    assert.match(await docker('exec', 'routed', 'ip', 'route'), /^default via 10\.70\.0\.1 /);
    assert.match(await docker('exec', 'routed', 'ip', 'link'), /02:11:22:33:44:55/);
    assert.equal(await docker('exec', 'routed', 'cat', '/proc/sys/net/ipv4/conf/inside0/log_martians'), '1');
    await docker('network', 'disconnect', 'g-b', 'routed');
    assert.match(await docker('exec', 'routed', 'ip', 'route'), /^default via 10\.69\.0\.1 /);
    await docker('rm', '-f', 'routed');
    const wrong = await daemon.docker([
      'run',
      '--rm',
      '--network',
      'name=g-a,driver-opt=com.docker.network.endpoint.sysctls=kernel.x=1',
      'busybox',
      'true',
    ]);
    assert.match(wrong.stderr, /unable to set sysctl "kernel.x=1"/);
    await docker('network', 'rm', 'g-a', 'g-b', 'g-internal');
  });
});

test('address exhaustion is an error that names the network, and giving back helps', async () => {
  await docker('network', 'create', '--subnet', '10.72.0.0/30', 'tiny');
  await docker('run', '-d', '--name', 'only', '--network', 'tiny', 'busybox', 'sleep', '1000');
  const { code, stderr } = await daemon.docker(['run', '--rm', '--network', 'tiny', 'busybox', 'true']);
  assert.notEqual(code, 0);
  assert.match(stderr, /no available IPv4 addresses on this network's address pools: tiny/);
  await docker('rm', '-f', 'only');
  await docker('run', '--rm', '--network', 'tiny', 'busybox', 'true');
  await docker('network', 'rm', 'tiny');
});
