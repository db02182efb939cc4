/** Makes two namespaces of the same lines, one by `ip`, one by barge-netns; prints what `ip` says of both, as JSON. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { linuxHost } from '../../src/host/linux/host.ts';

const ip = (args: readonly string[], input?: string) =>
  execFileSync('ip', args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) });

const batch = (flags: readonly string[], lines: readonly string[]) =>
  ip([...flags, '-batch', '-'], `${lines.join('\n')}\n`);

const outside = (name: string) => [
  `netns add ${name}`,
  `link add ve${name} mtu 1400 type veth peer name eth0 address 02:42:ac:1d:00:02 mtu 1400 netns ${name}`,
  `link set ve${name} addrgenmode none master br0 up`,
  `link set ve${name} type bridge_slave hairpin on`,
  `link set ve${name} type bridge_slave isolated on`,
  `link add link br0 name mac0 address 02:42:ac:1d:00:05 netns ${name} type macvlan mode private`,
];

const INSIDE = [
  'link set lo up',
  'addr add 172.29.0.2/16 broadcast + dev eth0',
  'addr add 172.30.0.2/31 broadcast + dev eth0',
  'addr add fd00::2/64 dev eth0 nodad',
  'addr add fe80::42/64 dev eth0 nodad',
  'addr add 169.254.1.1/16 scope link dev eth0',
  'link set eth0 addrgenmode none up',
  'link set mac0 addrgenmode eui64 up',
  'route replace 0.0.0.0/0 dev mac0',
  'route replace 0.0.0.0/0 via 172.29.0.1 dev eth0',
  'route replace ::/0 via fd00::1 dev eth0',
];

const WRONG: readonly [outside: readonly string[], name: string, inside: readonly string[]][] = [
  [[], 'theirs', ['link set nothing up']],
  [['link add vetheirs type veth peer name eth1 netns theirs'], 'theirs', []],
  [['netns add theirs'], 'theirs', []],
  [[], 'nowhere', ['link set lo up']],
  [[], 'theirs', ['addr add 1.2.3.4/33 dev eth0']],
  [['link add x type nothing'], 'theirs', []],
];

/** Of links that have found their carrier, and the address that they make of it. */
async function show(name: string) {
  for (const sign of ['fe80::42:acff:fe1d:5', 'eth0@.*LOWER_UP']) {
    while (!new RegExp(sign).test(ip(['-n', name, 'addr']))) await sleep(10);
  }
  return {
    links: JSON.parse(ip(['-n', name, '-d', '-j', 'addr'])),
    routes: ['-4', '-6'].map((family) => JSON.parse(ip(['-n', name, family, '-j', 'route']))),
    port: JSON.parse(ip(['-d', '-j', 'link', 'show', `ve${name}`])),
  };
}

const refusals: string[] = [];
using helper = linuxHost().namespaces;
ip(['link', 'add', 'br0', 'type', 'bridge']);
ip(['link', 'set', 'br0', 'up']);
/* Gives the bridge, and with it what hangs on it, a carrier from the beginning. */
batch([], ['link add c0 type veth peer name c1', 'link set c0 master br0 up', 'link set c1 up']);
while (!ip(['link', 'show', 'br0']).includes('LOWER_UP')) await sleep(10);
batch([], outside('theirs'));
batch(['-n', 'theirs'], INSIDE);
const theirs = await show('theirs');
batch(['-n', 'theirs'], ['link del mac0']); /* two of one address cannot be */
await helper.carryOut(outside('ours'), 'ours', INSIDE);
const ours = await show('ours');
for (const request of WRONG) {
  await helper.carryOut(...request).then(
    () => refusals.push('none'),
    (error) => refusals.push(`${error.kind}: ${error.message}`),
  );
}
await helper.forget(['ours', 'absent', 'theirs']);
process.stdout.write(JSON.stringify({ theirs, ours, refusals, left: ip(['netns']) }));
