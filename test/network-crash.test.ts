/**
 * The daemon is killed at random moments of connect, disconnect, run and rm. After each restart the database, the
 * kernel (namespaces, bridges, addresses, rules) and the name servers agree. BARGE_CRASH_ROUNDS says how often.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDaemon } from './harness/daemon.ts';
import { eventually, execute } from './harness/execute.ts';

const ROUNDS = Number(process.env.BARGE_CRASH_ROUNDS ?? 15);
const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const NETWORKS = ['k-one', 'k-two'];
for (const name of NETWORKS) await daemon.ok('docker', ['network', 'create', name]);

const call = (path: string, method = 'GET', body?: unknown) => daemon.api(path, { method, body });

/** One of the operations that a kill may come into; its failure is the kill's business. */
async function operate(round: number, worker: number): Promise<void> {
  const name = `k-${round}-${worker}`;
  const network = NETWORKS[worker % 2] ?? '';
  const create = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      NetworkMode: worker % 3 ? network : 'bridge',
      PortBindings: { '80/tcp': [{ HostPort: '' }] },
    },
    NetworkingConfig: worker % 3 ? { EndpointsConfig: { [network]: { Aliases: ['service'] } } } : {},
  };
  await call(`/containers/create?name=${name}`, 'POST', create);
  await call(`/containers/${name}/start`, 'POST');
  const other = NETWORKS[(worker + 1) % 2];
  await call(`/networks/${other}/connect`, 'POST', { Container: name });
  await call(`/networks/${other}/disconnect`, 'POST', { Container: name });
  await call(`/networks/${other}/connect`, 'POST', { Container: name });
  if (worker % 2) await call(`/containers/${name}?force=1`, 'DELETE');
}

async function killInTheMiddle(round: number): Promise<void> {
  const work = [0, 1, 2, 3].map((worker) => operate(round, worker).catch(() => {}));
  await sleep(randomInt(400)); /* the moment of the kill is what the test is about */
  await daemon.stop('SIGKILL');
  await Promise.all(work);
  await daemon.startAgain();
}

interface Endpoint {
  readonly IPAddress: string;
  readonly MacAddress: string;
}

interface Found {
  readonly Name: string;
  readonly State: { readonly Running: boolean; readonly Pid: number };
  readonly NetworkSettings: {
    readonly SandboxKey: string;
    readonly Networks: Readonly<Record<string, Endpoint>>;
    readonly Ports: Readonly<Record<string, { HostIp: string; HostPort: string }[] | null>>;
  };
}

async function containers(): Promise<Found[]> {
  const list = (await call('/containers/json?all=1')).json() as { Id: string }[];
  const words = list.map(({ Id }) => Id);
  return words.length > 0 ? JSON.parse(await daemon.ok('docker', ['container', 'inspect', ...words])) : [];
}

/** Addresses that the kernel has in a namespace, sorted. */
async function addressesIn(sandbox: string): Promise<string[]> {
  const { stdout } = await execute(['nsenter', `--net=${sandbox}`, 'ip', '-o', '-4', 'addr', 'show']);
  return [...stdout.matchAll(/inet ([\d.]+)\//g)]
    .map((match) => match[1] ?? '')
    .filter((a) => a !== '127.0.0.1')
    .sort();
}

/** Host ports that the rules translate, sorted. */
async function translatedPorts(): Promise<string[]> {
  const { stdout } = await execute(['nft', '-j', 'list', 'map', 'inet', daemon.bridge, 'tcp_any4']);
  const { nftables } = JSON.parse(stdout) as {
    nftables: { map?: { elem?: [number, { concat: unknown[] }][] } }[];
  };
  const elements = nftables.flatMap(({ map }) => map?.elem ?? []);
  return elements.map(([port, { concat }]) => `${port} ${concat.join(':')}`).sort();
}

async function assertAgreement(round: number): Promise<void> {
  const running = (await containers()).filter(({ State }) => State.Running);
  const taken = new Set<string>();
  const ports: string[] = [];
  for (const { Name, NetworkSettings: settings, State } of running) {
    assert(existsSync(`/proc/${State.Pid}`), `${Name} runs`);
    const claimed = Object.values(settings.Networks)
      .map(({ IPAddress }) => IPAddress)
      .sort();
    assert.deepEqual(
      await addressesIn(settings.SandboxKey),
      claimed,
      `addresses of ${Name} in round ${round}`,
    );
    for (const address of claimed) {
      assert(!taken.has(address), `${address} is given twice`);
      taken.add(address);
    }
    const target = settings.Ports['80/tcp']?.find(({ HostIp }) => HostIp === '0.0.0.0')?.HostPort;
    if (target) ports.push(`${target} `);
  }
  const rules = await translatedPorts();
  assert.deepEqual(rules.map((rule) => rule.split(' ')[0]).sort(), ports.map((port) => port.trim()).sort());
  for (const rule of rules)
    assert(taken.has(rule.split(' ')[1]?.split(':')[0] ?? ''), `${rule} leads to a container`);
  await assertNames(running);
  await assertNamespaces(running);
}

/** Every name on the networks leads to whoever has it now. */
async function assertNames(running: readonly Found[]): Promise<void> {
  for (const network of NETWORKS) {
    const members = running.filter(({ NetworkSettings }) => NetworkSettings.Networks[network]);
    const [asker] = members;
    if (!asker) continue;
    for (const member of members) {
      const { stdout } = await daemon.docker([
        'exec',
        asker.Name,
        'nslookup',
        '-type=a',
        `${member.Name.slice(1)}.${network}`,
      ]);
      const address = /Name:.*\nAddress: (\S+)/.exec(stdout)?.[1];
      assert.equal(
        address,
        member.NetworkSettings.Networks[network]?.IPAddress,
        `${member.Name} on ${network}`,
      );
    }
  }
}

/** The kernel has no namespaces but those of containers and the few that wait ready: six with a network, two without. */
async function assertNamespaces(running: readonly Found[]): Promise<void> {
  const keys = new Set(running.map(({ NetworkSettings }) => NetworkSettings.SandboxKey));
  await eventually('namespaces of nobody are gone', () => {
    const others = readdirSync('/run/netns').filter(
      (name) => name.startsWith(`${daemon.bridge}-`) && !keys.has(`/run/netns/${name}`),
    );
    return others.length <= 8;
  });
}

test(`after ${ROUNDS} kills, addresses, rules and names agree with the database`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await killInTheMiddle(round);
    await assertAgreement(round);
    const old = (await containers()).slice(4);
    for (const { Name } of old) await call(`/containers${Name}?force=1`, 'DELETE');
  }
  for (const { Name } of await containers()) await call(`/containers${Name}?force=1`, 'DELETE');
  for (const name of NETWORKS) {
    const { Status, Containers } = (await call(`/networks/${name}`)).json();
    assert.deepEqual(Containers, {});
    const [{ IPsInUse }] = Object.values(Status.IPAM.Subnets) as [{ IPsInUse: number }];
    assert.equal(IPsInUse, 3, `addresses of ${name} that nobody has`);
    await daemon.ok('docker', ['network', 'rm', name]);
  }
  assert.deepEqual(await translatedPorts(), []);
});
