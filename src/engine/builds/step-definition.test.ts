import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecRequest } from '../../builder/worker.ts';
import { containerSpec, DEFAULT_SPEC } from '../../container/default-spec.ts';
import { containerDefaults } from '../../container/defaults.ts';
import { stepDefinition } from './step-definition.ts';

const ID = 'ab'.repeat(32);
const DEFAULTS = containerDefaults({ cgroupnsMode: 'private' });

const specOf = (step: Partial<ExecRequest>) => {
  const whole = { layers: [], args: ['true'], env: ['A=1'], user: '', cwd: '/w', mounts: [], ...step };
  const parts = { mounts: [], env: ['B=2'] };
  return stepDefinition(
    ID,
    whole as unknown as ExecRequest,
    parts as unknown as Parameters<typeof stepDefinition>[2],
    DEFAULTS,
    'v2',
  ).spec;
};

test('a step is a container that logs nothing', () => {
  assert.deepEqual(
    specOf({}),
    containerSpec({
      hostname: ID.slice(0, 12),
      process: { command: ['true'], env: ['A=1', 'B=2'], directory: '/w' },
      log: { driver: 'none' },
    }),
  );
});

test('an insecure step is privileged, and no kernel interface is hidden from it', () => {
  const { security, namespaces } = specOf({ security: 'insecure' });
  assert.deepEqual(
    [security.privileged, security.writableCgroups, security.maskedPaths, namespaces.cgroup],
    [true, true, [], { kind: 'host' }],
  );
  assert.equal(specOf({}).security, DEFAULT_SPEC.security);
});

test('limits, security options and the network of a step', () => {
  const spec = specOf({
    network: 'container:x',
    shmSize: 5,
    resources: {
      memory: 1 << 30,
      cpusetCpus: '0',
      ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
      securityOpt: ['seccomp=unconfined', 'apparmor=x', 'no-new-privileges'],
    },
  });
  assert.deepEqual(spec.network.mode, { kind: 'container', container: 'x' });
  assert.deepEqual(spec.limits, {
    ...DEFAULT_SPEC.limits,
    memory: 1 << 30,
    cpus: '0',
    ulimits: [{ name: 'nofile', soft: 1, hard: 2 }],
  });
  assert.deepEqual(
    [spec.security.seccomp, spec.security.appArmor, spec.security.noNewPrivileges, spec.storage.shmSize],
    [{ kind: 'unconfined' }, { kind: 'profile', name: 'x' }, true, 5],
  );
});
