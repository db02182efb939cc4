import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerDefaults } from '../../container/defaults.ts';
import type { Surroundings } from '../../engine/lifecycle/create.ts';
import { mergeConfig, requestedEndpoints, withDefaults } from './merge-config.ts';

const ID = 'ab'.repeat(32);
const IMAGE = {
  Entrypoint: ['/entry'],
  Cmd: ['command'],
  Env: ['A=image', 'B=image'],
  Labels: { a: 'image', b: 'image' },
  Healthcheck: { Test: ['CMD', 'true'], Interval: 7e9 },
};
const around = (defaults: Partial<Surroundings['defaults']> = {}): Surroundings => ({
  id: ID,
  image: IMAGE,
  defaults: containerDefaults(defaults),
  cgroupNamespace: (privileged) => (privileged ? 'host' : 'private'),
});

test('the request’s entrypoint drops the image’s command, an empty word drops the entrypoint', () => {
  const of = (own: object) => {
    const { Entrypoint, Cmd } = mergeConfig(own, IMAGE, ID, {});
    return [Entrypoint, Cmd];
  };
  assert.deepEqual(of({}), [['/entry'], ['command']]);
  assert.deepEqual(of({ Cmd: ['own'] }), [['/entry'], ['own']]);
  assert.deepEqual(of({ Entrypoint: ['/own'] }), [['/own'], null]);
  assert.deepEqual(of({ Entrypoint: [''], Cmd: ['own'] }), [null, ['own']]);
  assert.deepEqual(of({ Entrypoint: [], Cmd: [] }), [['/entry'], ['command']]);
});

test('variables and labels of the request win by name', () => {
  const { Env, Labels } = mergeConfig({ Env: ['A=own', 'C'], Labels: { a: 'own' } }, IMAGE, ID, {});
  assert.deepEqual(Env, ['A=own', 'C', 'B=image']);
  assert.deepEqual(Labels, { a: 'own', b: 'image' });
});

test('times of a health check alone change those of the image’s', () => {
  const of = (own: object) => mergeConfig({ Healthcheck: own }, IMAGE, ID, {}).Healthcheck;
  assert.deepEqual(of({ Timeout: 1e9 }), { Test: ['CMD', 'true'], Interval: 7e9, Timeout: 1e9 });
  assert.deepEqual(of({ Test: ['NONE'] }), { Test: ['NONE'], Interval: 7e9 });
});

test('a container is named by its id, unless it shares names with the host', () => {
  const of = (own: object, host: object) => mergeConfig(own, {}, ID, host).Hostname;
  assert.equal(of({}, {}), ID.slice(0, 12));
  assert.equal(of({ Hostname: 'web' }, {}), 'web');
  assert.equal(of({}, { UTSMode: 'host' }), '');
});

test('the daemon’s settings fill in what nobody has chosen', () => {
  const limit = { name: 'nofile', soft: 1, hard: 2 };
  const settings = around({ init: true, shmSize: 5, ipcMode: 'shareable', ulimits: [limit] });
  const host = withDefaults({}, settings);
  assert.deepEqual(
    [host.Init, host.ShmSize, host.IpcMode, host.NetworkMode, host.CgroupnsMode],
    [true, 5, 'shareable', 'bridge', 'private'],
  );
  assert.deepEqual(host.Ulimits, [{ Name: 'nofile', Soft: 1, Hard: 2 }]);
  assert.deepEqual(host.RestartPolicy, { Name: 'no', MaximumRetryCount: 0 });
  const chosen = {
    Init: false,
    ShmSize: 9,
    IpcMode: 'none',
    NetworkMode: 'x',
    CgroupnsMode: 'host',
    Ulimits: [{ Name: 'nofile', Soft: 3, Hard: 4 }],
    MemorySwappiness: -1,
  };
  const { MemorySwappiness, ...kept } = chosen;
  const { RestartPolicy, LogConfig, ...own } = withDefaults(chosen, settings);
  assert.deepEqual(own, kept, 'a swappiness of -1 is none');
});

test('the network of the mode is joined, unless only others were chosen', () => {
  const of = (NetworkMode: string | undefined, endpoints: object) =>
    Object.keys(requestedEndpoints(NetworkMode === undefined ? {} : { NetworkMode }, { ...endpoints }));
  assert.deepEqual(of(undefined, {}), ['bridge']);
  assert.deepEqual(of('', { default: null }), ['bridge']);
  assert.deepEqual(of('default', { blue: {} }), ['blue']);
  assert.deepEqual(of('bridge', { blue: {} }), ['bridge', 'blue']);
  assert.deepEqual(of('blue', { blue: { Aliases: ['a'] }, red: {} }), ['blue', 'red']);
  assert.deepEqual(requestedEndpoints({ NetworkMode: 'blue' }, { blue: { Aliases: ['a'] } }), {
    blue: { Aliases: ['a'] },
  });
});
