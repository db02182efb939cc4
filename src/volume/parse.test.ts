import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MountRequest } from '../api/engine/volumes.ts';
import { destinationOf } from './destination.ts';
import { checkDriverOptions, mountCall } from './driver-options.ts';
import { parseBind } from './parse-bind.ts';
import { parseMountRequest } from './parse-mount.ts';
import { tmpfsOptions } from './tmpfs.ts';

test('binds have a source, a destination and flags of several kinds', () => {
  assert.deepEqual(parseBind('/a/b:/c/../d:ro,rslave,Z'), {
    kind: 'bind',
    source: '/a/b',
    destination: '/d',
    mode: 'ro,rslave,Z',
    readOnly: true,
    propagation: 'rslave',
    makeSource: true,
    remakesSource: true,
  });
  assert.deepEqual(parseBind('name:/v/:nocopy'), {
    kind: 'volume',
    name: 'name',
    destination: '/v',
    mode: 'nocopy',
    readOnly: false,
    noCopy: true,
  });
  assert.deepEqual([parseBind('/only').kind, parseBind('name:/v').mode], ['volume', 'z']);
});

for (const [text, words] of [
  ['', /invalid volume specification: ''/],
  ['a:', /invalid volume specification/],
  ['/a:/b:ro:x', /invalid volume specification: '\/a:\/b:ro:x'/],
  ['/a:rw', /invalid volume specification: '\/a:rw'/],
  ['/a:b', /invalid volume specification: '\/a:b': invalid mount path: 'b' mount path must be absolute/],
  ['/a:/', /destination can't be '\/'/],
  ['/a:/b:z,Z', /invalid mode: z,Z/],
  ['/a:/b:wild', /invalid mode: wild/],
  ['a:/b:shared', /invalid mode: shared/],
] as const) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseBind(text), { kind: 'invalid-parameter', message: words });
  });
}

const mount = (request: Partial<MountRequest>) => () =>
  parseMountRequest({ Type: 'bind', Source: '/s', Target: '/t', ...request });

for (const [request, words] of [
  [{ Target: '' }, 'invalid mount config for type "bind": field Target must not be empty'],
  [{ Source: '' }, 'invalid mount config for type "bind": field Source must not be empty'],
  [{ Type: 'npipe' }, 'invalid mount config for type "npipe": mount type unknown'],
  [{ Type: 'toString' as never }, 'invalid mount config for type "toString": mount type unknown'],
  [{ VolumeOptions: {} }, 'invalid mount config for type "bind": field VolumeOptions must not be specified'],
  [
    { BindOptions: { Propagation: 'wild' } },
    'invalid mount config for type "bind": invalid propagation mode: wild',
  ],
  [
    { Type: 'volume', Source: '', ReadOnly: true },
    'invalid mount config for type "volume": must not set ReadOnly mode when using anonymous volumes',
  ],
  [
    { Type: 'volume', Source: 'v', VolumeOptions: { Subpath: 'a/../../b' } },
    'invalid mount config for type "volume": subpath must be a relative path within the volume',
  ],
  [{ Type: 'tmpfs' }, 'invalid mount config for type "tmpfs": field Source must not be specified'],
  [{ Type: 'image', Source: '' }, 'invalid mount config for type "image": field Source must not be empty'],
] as const) {
  test(`refused: ${JSON.stringify(request)}`, () => {
    assert.throws(mount(request as Partial<MountRequest>), { kind: 'invalid-parameter', message: words });
  });
}

test('contradictory options of recursion are rejected', () => {
  const force = { ReadOnlyForceRecursive: true };
  assert.throws(mount({ BindOptions: force }), /!ReadOnly && BindOptions\.ReadOnlyForceRecursive/);
  assert.throws(mount({ ReadOnly: true, BindOptions: { ...force, NonRecursive: true } }), /NonRecursive &&/);
  assert.throws(
    mount({ ReadOnly: true, BindOptions: { ...force, Propagation: 'rshared' } }),
    /only when propagation is "rprivate", got "rshared"/,
  );
});

test('options of the driver become arguments of mount(2)', async () => {
  const call = await mountCall({
    type: 'nfs',
    device: ':/x',
    o: 'addr=192.0.2.1,ro,noexec,vers=4,rw,nosuid',
  });
  assert.deepEqual(call, { device: ':/x', type: 'nfs', flags: 0xa, data: 'addr=192.0.2.1,vers=4' });
  assert.deepEqual(await mountCall({ type: 'none', device: '/x', o: 'rbind,constructor' }), {
    device: '/x',
    type: 'none',
    flags: 0x5000,
    data: 'constructor',
  });
  checkDriverOptions({});
  assert.throws(() => checkDriverOptions({ toString: 'x' }), /invalid option: "toString"/);
  assert.throws(() => checkDriverOptions({ device: '/x' }), /missing required option: "type"/);
});

test('unknown options of tmpfs are rejected', () => {
  assert.deepEqual(tmpfsOptions(['size=1m', 'exec']), ['size=1m', 'exec']);
  assert.throws(() => tmpfsOptions(['size']), /invalid tmpfs option "size"/);
  assert.throws(() => tmpfsOptions(['exec=1']), /invalid tmpfs option "exec=1"/);
});

test('a path with a zero byte is rejected: the runtime would cut the path there', () => {
  const refused = /contains a zero byte/;
  for (const path of ['/proc\0x', '/data\0']) {
    assert.throws(() => destinationOf(path), refused);
    assert.throws(() => parseBind(`/tmp:${path}`), refused);
    assert.throws(() => parseBind(`${path}:/data`), refused);
    assert.throws(() => parseMountRequest({ Type: 'bind', Source: path, Target: '/data' }), refused);
  }
});
