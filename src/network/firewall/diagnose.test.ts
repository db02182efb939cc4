import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letsThrough } from './diagnose.ts';

const chain = (...rules: string[]) =>
  `table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n}\n`;

test('a dropping chain is no problem when a rule of it accepts published ports', () => {
  assert(letsThrough(chain('ct status dnat accept'), 'barge0'));
  assert(letsThrough(chain('counter packets 5 bytes 300 ct status dnat accept'), 'barge0'));
  assert(letsThrough(chain('oifname "barge0" tcp dport 80 accept'), 'barge0'));
  assert(letsThrough(chain('accept'), 'barge0'));
});

test('rules for other things do not', () => {
  assert(!letsThrough(chain(), 'barge0'));
  assert(!letsThrough(chain('ct state established,related accept', 'jump ufw-before-forward'), 'barge0'));
  assert(!letsThrough(chain('oifname "barge1" accept', 'ct status dnat drop'), 'barge0'));
});
