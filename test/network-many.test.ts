/**
 * Many containers on one network: none fails, each has an address and a name of its own, and nothing of them stays.
 * BARGE_MANY_ON_ONE says how many.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { TestDaemon } from './harness/daemon.ts';

const COUNT = Number(process.env.BARGE_MANY_ON_ONE ?? 80);
const AT_ONCE = 8;
const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();

const call = (path: string, method = 'GET', body?: unknown) => daemon.api(path, { method, body });
const names = Array.from({ length: COUNT }, (_, i) => `one-${i}`);

async function forAll(what: (name: string, index: number) => Promise<void>): Promise<void> {
  const waiting = names.map((name, i) => [name, i] as const);
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await what(...next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function succeeds(status: number, path: string, method: string, body?: unknown): Promise<void> {
  const response = await call(path, method, body);
  assert.equal(response.status, status, `${path}: ${response.text}`);
}

test(`${COUNT} containers on one network, and connections that change under load`, {
  timeout: 240_000,
}, async () => {
  const subnet = '10.201.0.0/20';
  await daemon.ok('docker', ['network', 'create', '--subnet', subnet, 'one']);
  await daemon.ok('docker', ['network', 'create', 'other']);
  const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'one' } };
  await forAll(async (name, i) => {
    await succeeds(201, `/containers/create?name=${name}`, 'POST', body);
    await succeeds(204, `/containers/${name}/start`, 'POST');
    if (i % 4) return;
    await succeeds(200, '/networks/other/connect', 'POST', { Container: name });
    await succeeds(200, '/networks/other/disconnect', 'POST', { Container: name });
  });
  const { Containers, Status } = (await call('/networks/one')).json() as {
    Containers: Record<string, { Name: string; IPv4Address: string }>;
    Status: { IPAM: { Subnets: Record<string, { IPsInUse: number }> } };
  };
  const all = Object.values(Containers);
  assert.equal(new Set(all.map(({ IPv4Address }) => IPv4Address)).size, COUNT);
  assert.equal(Status.IPAM.Subnets[subnet]?.IPsInUse, COUNT + 3);
  const asked = names.filter((_, i) => i % 10 === 0);
  const script = asked.map((name) => `nslookup -type=a ${name}`).join('; ');
  const found = await daemon.ok('docker', ['exec', names.at(-1) ?? '', 'sh', '-c', script]);
  for (const name of asked) {
    const address = all.find(({ Name }) => Name === name)?.IPv4Address.split('/')[0];
    assert.match(found, new RegExp(`Name:\\s+${name}\\nAddress: ${address}\\n`));
  }
  await forAll((name) => succeeds(204, `/containers/${name}?force=1`, 'DELETE'));
  assert.deepEqual((await call('/networks/one')).json().Containers, {});
  await daemon.ok('docker', ['network', 'rm', 'one', 'other']);
});
