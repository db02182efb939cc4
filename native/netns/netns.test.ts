import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

/** In namespaces of its own, with an empty /run. */
const ALONE = ['--mount', '--net', '--propagation', 'private', 'sh', '-c'];

/** What differs between any two links, or from one moment to the next. */
const CHANCE =
  /^(ifindex|link|link_index|ifname|link_netnsid|address|(port_|bridge_)?id|(port_)?no|designated_.*|root_id|.*_timer|operstate|state|tentative)$/;
const PASSING = ['NO-CARRIER', 'LOWER_UP'];

const alike = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (key, one) =>
      CHANCE.test(key) ? undefined : Array.isArray(one) ? one.filter((item) => !PASSING.includes(item)) : one,
    ),
  );

test('lines are carried out as `ip -batch` does, a failure names the line, and nothing is left', () => {
  const script = 'mount -t tmpfs none /run && exec "$@"';
  const inside = [process.execPath, join(import.meta.dirname, 'netns-inside.ts')];
  const said = execFileSync('unshare', [...ALONE, script, 'sh', ...inside], { encoding: 'utf8' });
  const { theirs, ours, refusals, left } = JSON.parse(said);
  assert.equal(theirs.links.length, 3);
  assert.equal(ours.links[1].address, '02:42:ac:1d:00:02');
  assert.deepEqual(alike(ours), alike(theirs));
  assert.deepEqual(refusals, [
    'system: barge-netns: link set nothing up: No such device',
    'system: barge-netns: link add vetheirs type veth peer name eth1 netns theirs: File exists',
    'system: barge-netns: netns add theirs: File exists',
    'system: barge-netns: entering the network namespace nowhere: No such file or directory',
    'system: barge-netns: addr add 1.2.3.4/33 dev eth0: Invalid argument',
    'system: barge-netns: link add x type nothing: Invalid argument',
  ]);
  assert.equal(left, '');
});
