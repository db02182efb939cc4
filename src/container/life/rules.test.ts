import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerSpec, DEFAULT_HEALTH } from '../default-spec.ts';
import type { ContainerDefinition } from '../model.ts';
import { rulesOf } from './rules.ts';

const definition = (change: Partial<ContainerDefinition> = {}): ContainerDefinition => ({
  id: 'c1',
  name: 'web',
  createdAt: 0,
  imageName: 'busybox',
  imageId: '',
  layers: [],
  spec: containerSpec({}),
  mounts: [],
  ...change,
});

test('a container that asks for nothing has Docker’s rules', () => {
  assert.deepEqual(rulesOf(definition()), {
    id: 'c1',
    name: 'web',
    restart: { policy: 'no', maximum: 0 },
    autoRemove: false,
    stopSignal: 15,
    health: { startPeriod: 0, retries: 0 },
  });
});

test('rules follow from the spec', () => {
  const { restart, autoRemove, stopSignal, health } = rulesOf(
    definition({
      spec: containerSpec({
        stop: { signal: 'SIGQUIT' },
        health: {
          ...DEFAULT_HEALTH,
          kind: 'probe',
          command: { kind: 'arguments', args: ['true'] },
          startPeriod: 5e9,
          retries: 7,
        },
        autoRemove: true,
        restart: { kind: 'on-failure', maxRetries: 4 },
      }),
    }),
  );
  assert.deepEqual(restart, { policy: 'on-failure', maximum: 4 });
  assert.deepEqual([autoRemove, stopSignal], [true, 3]);
  assert.deepEqual(health, { startPeriod: 5000, retries: 7 });
});

test('an image’s stop signal that is none does not keep its containers from ending', () => {
  assert.equal(rulesOf(definition({ spec: containerSpec({ stop: { signal: 'SIGWHAT' } }) })).stopSignal, 15);
});
