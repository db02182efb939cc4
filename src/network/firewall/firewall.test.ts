import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemError } from '../../core/errors.ts';
import { RecordingHost } from '../../host/recording/host.ts';
import { forwardWarnings } from './diagnose.ts';
import { Firewall } from './firewall.ts';
import type { BridgeRules, PortRule } from './table.ts';

const RULES: BridgeRules = {
  key: 'abc',
  bridge: 'barge0',
  subnets: [{ family: 4, text: '10.1.0.0/16' }],
  internal: false,
  masquerade: true,
  mode: { 4: 'nat', 6: 'nat' },
  snat: { 4: '', 6: '' },
  without6: false,
  direct: false,
};

const PORT: PortRule = {
  protocol: 'tcp',
  hostAddress: '',
  hostPort: 8080,
  address: '10.1.0.2',
  port: 80,
  family: 4,
  routed: false,
};

const names = (host: RecordingHost) => host.calls.map(([name]) => name);

test('opening replaces the table in one transaction, and only creates the user’s own table', async () => {
  const host = new RecordingHost();
  await Firewall.open(host.nftables, 'barge');
  assert.deepEqual(names(host).sort(), ['nftables.apply', 'nftables.session']);
  const text = String(host.callsOf('nftables.apply')[0]?.[1]);
  assert.match(text, /delete table inet barge\ntable inet barge \{/);
  assert.match(text, /^add table inet barge_user$/m);
  assert.doesNotMatch(text, /delete table inet barge_user/);
});

test('bridges are separate transactions, ports go through the single running nft', async () => {
  const host = new RecordingHost();
  const firewall = await Firewall.open(host.nftables, 'barge');
  await firewall.warm();
  host.take();
  await firewall.addBridge(RULES);
  await firewall.addPort(PORT);
  await firewall.removePort(PORT);
  await firewall.removeBridge(RULES);
  assert.deepEqual(names(host), [
    'nftables.apply',
    'nftables.session.run',
    'nftables.session.run',
    'nftables.apply',
  ]);
  assert.deepEqual(
    host.callsOf('nftables.session.run').map(([, command]) => command),
    [
      'add element inet barge tcp_any4 { 8080 : 10.1.0.2 . 80 }',
      'delete element inet barge tcp_any4 { 8080 }',
    ],
  );
});

test('without rules, the table of an earlier daemon is removed and none is written', async () => {
  const host = new RecordingHost();
  const firewall = await Firewall.open(host.nftables, 'barge', false);
  await firewall.addBridge(RULES);
  await firewall.addPort(PORT);
  await firewall.warm();
  await firewall.close(true);
  assert.deepEqual(host.callsOf('nftables.apply'), []);
  assert.deepEqual(host.callsOf('nftables.session.run'), []);
  assert.deepEqual(host.callsOf('nftables.deleteTable'), [['nftables.deleteTable', 'inet', 'barge']]);
});

test('the error on a host without nftables names the requirements', async () => {
  const host = new RecordingHost().on('nftables.apply', () => Promise.reject(systemError('no nft')));
  await assert.rejects(Firewall.open(host.nftables, 'barge'), {
    kind: 'unavailable',
    message: /nftables does not work on this host.*: no nft/,
  });
});

test('closing removes the table, and the user’s own only if it is empty', async () => {
  const listing = (rule: string) =>
    `table inet barge_user {\n\tchain forward {\n\t\ttype filter hook forward priority filter - 5; policy accept;\n${rule}\t}\n}\n`;
  for (const [rule, removed] of [
    ['', ['barge', 'barge_user']],
    ['\t\tip saddr 10.0.0.1 drop\n', ['barge']],
  ] as const) {
    const host = new RecordingHost().on('nftables.listTable', async () => listing(rule));
    const firewall = await Firewall.open(host.nftables, 'barge');
    await firewall.close(true);
    assert.deepEqual(
      host.callsOf('nftables.deleteTable').map(([, , name]) => name),
      removed,
    );
  }
  const host = new RecordingHost();
  await (await Firewall.open(host.nftables, 'barge')).close(false);
  assert.deepEqual(host.callsOf('nftables.deleteTable'), [], 'containers live on');
});

test('warnings name the foreign chains that drop, and the rule to add', async () => {
  const host = new RecordingHost()
    .on('nftables.droppingChains', async () => [
      { family: 'ip', table: 'filter', name: 'FORWARD' },
      { family: 'inet', table: 'barge', name: 'forward' },
      { family: 'bridge', table: 'filter', name: 'FORWARD' },
      { family: 'ip6', table: 'filter', name: 'FORWARD' },
    ])
    .on('nftables.listChain', async () => 'table ip filter {\n}\n');
  const warnings = await forwardWarnings(host.nftables, 'barge0', ['barge']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /nft insert rule ip filter FORWARD ct status dnat accept/);
  host.on('nftables.listChain', async () => 'table ip filter {\n\t\tct status dnat accept\n}\n');
  assert.deepEqual(await forwardWarnings(host.nftables, 'barge0', ['barge']), []);
});
