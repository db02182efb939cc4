import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addBridge, addPort, type BridgeRules, removeBridge, removePort, wholeTable } from './table.ts';

const rule = {
  protocol: 'tcp',
  hostAddress: '',
  hostPort: 8080,
  address: '172.17.0.2',
  port: 80,
  family: 4,
  routed: false,
} as const;

const rules: BridgeRules = {
  key: 'n1',
  bridge: 'br-n1',
  subnets: [{ family: 4, text: '172.18.0.0/16' }],
  internal: false,
  masquerade: true,
  mode: { 4: 'nat', 6: 'nat' },
  snat: { 4: '', 6: '' },
  without6: false,
  direct: false,
};

test('a published port is one map element, by address where one was chosen', () => {
  assert.equal(addPort('b0', rule), 'add element inet b0 tcp_any4 { 8080 : 172.17.0.2 . 80 }');
  assert.equal(
    removePort('b0', { ...rule, hostAddress: '10.1.1.1' }),
    'delete element inet b0 tcp_at4 { 10.1.1.1 . 8080 }',
  );
  const routed = { ...rule, family: 6, address: 'fd00::2', routed: true } as const;
  assert.equal(addPort('b0', routed), 'add element inet b0 open6 { fd00::2 . tcp . 80 }');
});

test('the rules touch nothing but their own table', () => {
  const text = `${wholeTable('b0')}${addBridge('b0', rules)}${removeBridge('b0', rules)}`;
  const tables = [...text.matchAll(/^\S* ?(?:table|chain|rule|element) inet (\S+)/gm)].map(
    (match) => match[1],
  );
  assert.deepEqual(new Set(tables), new Set(['b0']));
  assert.ok(!/flush ruleset/.test(text));
});

test('an internal network has no connection to the outside', () => {
  const text = addBridge('b0', { ...rules, internal: true });
  assert.match(text, /rule inet b0 from_n1 oifname != "br-n1" drop/);
  assert.match(text, /rule inet b0 to_n1 iifname != "br-n1" drop/);
  assert.doesNotMatch(text, /leave_n1 meta/);
});

test('source addresses are translated as the options specify', () => {
  assert.match(addBridge('b0', rules), /leave_n1 meta nfproto ipv4 oifname != "br-n1" masquerade/);
  assert.doesNotMatch(addBridge('b0', { ...rules, masquerade: false }), /leave_n1 meta/);
  assert.doesNotMatch(addBridge('b0', { ...rules, mode: { 4: 'routed', 6: 'nat' } }), /leave_n1 meta/);
  assert.match(addBridge('b0', { ...rules, snat: { 4: '10.0.0.9', 6: '' } }), /snat ip to 10.0.0.9/);
});
