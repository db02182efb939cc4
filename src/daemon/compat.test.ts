import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageInspect, ImageSummary } from '../api/engine/images.ts';
import { createOfVersion, imageOfVersion, imagesOfVersion } from './compat.ts';

const image = {
  Id: 'sha256:1',
  Size: 5,
  Config: { Cmd: ['a'], StopSignal: 'QUIT' },
} as unknown as ImageInspect;
const configOf = (version: string) => imageOfVersion(version, image).Config as Record<string, unknown>;

test('an image’s configuration has eight members at least before 1.52, and 17 before 1.50', () => {
  assert.deepEqual(configOf('1.52'), image.Config);
  const eight = { Entrypoint: null, Env: null, Labels: null, OnBuild: null, User: '', Volumes: null };
  assert.deepEqual(configOf('1.51'), { ...image.Config, ...eight, WorkingDir: '' });
  assert.deepEqual(configOf('1.50'), configOf('1.51'));
  const { StopSignal, ...seventeen } = configOf('1.49');
  assert.equal(StopSignal, 'QUIT');
  assert.equal(Object.keys(seventeen).length, 17);
  assert.deepEqual([seventeen.Tty, seventeen.Hostname, seventeen.Cmd], [false, '', ['a']]);
});

test('an image without a configuration has one of unset members before 1.52', () => {
  const bare = { ...image, Config: null };
  assert.equal(imageOfVersion('1.56', bare).Config, null);
  assert.equal(Object.keys(imageOfVersion('1.51', bare).Config as object).length, 8);
});

test('what images had of the container they came from is there before 1.45, the second size before 1.44', () => {
  const has = (version: string) =>
    ['Container', 'ContainerConfig', 'VirtualSize'].filter((name) => name in imageOfVersion(version, image));
  assert.deepEqual(has('1.45'), []);
  assert.deepEqual(has('1.44'), ['Container', 'ContainerConfig']);
  assert.deepEqual(has('1.43'), ['Container', 'ContainerConfig', 'VirtualSize']);
  const row = { Id: 'sha256:1', Size: 5 } as ImageSummary;
  assert.equal(imagesOfVersion('1.43', [row])[0]?.VirtualSize, 5);
  assert.deepEqual(imagesOfVersion('1.44', [row]), [row]);
});

test('a umask means nothing before 1.56', () => {
  const body = { Image: 'x', HostConfig: { Umask: 0o77, Memory: 1 } };
  assert.deepEqual(createOfVersion('1.56', body), body);
  assert.deepEqual(createOfVersion('1.55', body).HostConfig, { Memory: 1 });
  assert.equal(createOfVersion('1.39', body).HostConfig?.Umask, undefined);
});
