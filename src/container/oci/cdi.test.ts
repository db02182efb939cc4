import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cdiRequest, deviceEdits } from './cdi.ts';
import { resourceLimits } from './limits.ts';

const YAML = `
cdiVersion: "0.6.0"
kind: acme.com/card
containerEdits:
  env: ["ACME=1"]
devices:
  - name: a
    containerEdits:
      deviceNodes:
        - path: /dev/acme
          hostPath: /dev/null
          permissions: rw
      mounts:
        - {hostPath: /etc/hostname, containerPath: /acme, options: [ro, bind]}
      hooks:
        - {hookName: createContainer, path: /bin/true, args: [true]}
      additionalGids: [44]
  - name: b
    containerEdits:
      env: ["B=1"]
`;

async function directories(t: TestContext): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'barge-cdi-'));
  t.after(() => rm(root, { recursive: true }));
  const [low, high] = [join(root, 'low'), join(root, 'high')];
  await Promise.all([mkdir(low), mkdir(high)]);
  await writeFile(join(low, 'acme.yaml'), YAML);
  const b = { kind: 'acme.com/card', devices: [{ name: 'b', containerEdits: { env: ['B=2'] } }] };
  await writeFile(join(high, 'acme.json'), JSON.stringify(b));
  return [low, high, join(root, 'absent')];
}

const cdi = (...ids: string[]) => [cdiRequest(ids)];
const GPUS = { driver: '', count: 0, ids: [], capabilities: [['gpu']] };

test('a device brings its nodes, mounts, hooks and variables, and those of its kind', async (t) => {
  const edits = await deviceEdits(cdi('acme.com/card=a'), await directories(t));
  assert.deepEqual(edits.env, ['ACME=1']);
  assert.deepEqual(edits.devices, [{ path: '/dev/acme', type: 'c', major: 1, minor: 3 }]);
  assert.deepEqual(edits.rules, [{ allow: true, type: 'c', major: 1, minor: 3, access: 'rw' }]);
  assert.equal(edits.mounts[0]?.destination, '/acme');
  assert.equal(edits.hooks.createContainer?.[0]?.path, '/bin/true');
  assert.deepEqual(edits.additionalGids, [44]);
});

test('later directories win', async (t) => {
  const edits = await deviceEdits(cdi('acme.com/card=b'), await directories(t));
  assert.deepEqual(edits.env, ['B=2']);
});

test('what nobody describes is refused by name', async (t) => {
  const where = await directories(t);
  await assert.rejects(
    deviceEdits(cdi('acme.com/card=z'), where),
    /unresolvable CDI devices acme.com\/card=z/,
  );
  const gpus = [{ ...GPUS, count: -1 }];
  await assert.rejects(
    deviceEdits(gpus, where),
    /could not select device driver "" with capabilities: \[\[gpu\]\]/,
  );
  await writeFile(join(where[0] ?? '', 'broken.json'), '{');
  await assert.rejects(deviceEdits(cdi('acme.com/card=a'), where), /broken\.json cannot be read/);
});

test('--gpus takes the devices of the vendor’s kind', async (t) => {
  const where = await directories(t);
  const devices = ['0', '1', 'all'].map((name) => ({ name, containerEdits: { env: [`GPU=${name}`] } }));
  await writeFile(join(where[0] ?? '', 'nvidia.json'), JSON.stringify({ kind: 'nvidia.com/gpu', devices }));
  const of = async (request: object) => (await deviceEdits([{ ...GPUS, ...request }], where)).env;
  assert.deepEqual(await of({ count: -1 }), ['GPU=all']);
  assert.deepEqual(await of({ count: 1 }), ['GPU=0']);
  assert.deepEqual(await of({ ids: ['1'] }), ['GPU=1']);
  await assert.rejects(of({ count: 3 }), /3 GPUs were asked for, this host has 2/);
});

test('limits above the host’s are lowered and told', () => {
  const options = [{ name: 'nofile', soft: 10, hard: 2 ** 50 }];
  const { limits, warnings } = resourceLimits(options, false);
  assert.equal(limits.rlimits?.[0]?.soft, 10);
  assert.ok((limits.rlimits?.[0]?.hard ?? 0) < 2 ** 50);
  assert.match(warnings.join(), /cannot raise the limit nofile above \d+/);
  assert.equal(resourceLimits(options, true).limits.rlimits?.[0]?.hard, 2 ** 50);
});
