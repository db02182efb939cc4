import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec } from '../../container/default-spec.ts';
import { containerDefaults } from '../../container/defaults.ts';
import { CREATED } from '../../container/life/state.ts';
import { STATES } from '../../container/life/testing.ts';
import type { Container } from '../../container/model.ts';
import { notFound } from '../../core/errors.ts';
import { assertNamespacesThere, cgroupNamespace, type PidContext, sharedNamespaces } from './namespaces.ts';

const other: Container = {
  definition: {
    ...{
      id: 'b'.repeat(64),
      name: 'other',
      createdAt: 0,
      imageName: '',
      imageId: '',
      layers: [],
      mounts: [],
    },
    spec: containerSpec({}),
  },
  state: { ...STATES.running, pid: 77 },
};

const contextOf = (found: Container): PidContext => ({
  containers: {
    find: (ref: string) => {
      if (ref === 'other') return found;
      throw notFound(`No such container: ${ref}`);
    },
  },
});

const joining = (container: string): Container => ({
  definition: {
    ...other.definition,
    spec: containerSpec({
      namespaces: { pid: { kind: 'container', container }, ipc: { kind: 'container', container } },
    }),
  },
  state: CREATED,
});

test('shared namespaces are those of a running container’s process', () => {
  assert.deepEqual(sharedNamespaces(contextOf(other), joining('other')), {
    pid: '/proc/77/ns/pid',
    ipc: '/proc/77/ns/ipc',
  });
  assert.deepEqual(sharedNamespaces(contextOf(other), other), {});
  assert.throws(() => sharedNamespaces(contextOf({ ...other, state: CREATED }), joining('other')), {
    kind: 'system',
    message: /failed to join PID namespace: container b+ is not running/,
  });
});

test('a container that nobody knows cannot be joined', () => {
  assertNamespacesThere(contextOf(other), joining('other').definition.spec);
  assert.throws(() => assertNamespacesThere(contextOf(other), joining('nobody').definition.spec), {
    kind: 'invalid-parameter',
    message: /cannot join PID namespace: No such container: nobody/,
  });
});

test('a privileged container sees the host’s cgroups, others as the settings say', () => {
  const private_ = containerDefaults({ cgroupnsMode: 'private' });
  assert.equal(cgroupNamespace(true, private_, 'v2'), 'host');
  assert.equal(cgroupNamespace(false, private_, 'v1'), 'private');
  assert.equal(cgroupNamespace(false, containerDefaults({ cgroupnsMode: 'host' }), 'v2'), 'host');
  assert.equal(cgroupNamespace(false, containerDefaults(), 'v2'), 'private');
  assert.equal(cgroupNamespace(false, containerDefaults(), 'hybrid'), 'host');
});
