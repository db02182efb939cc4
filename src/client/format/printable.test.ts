import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildMessage } from '../../api/build-events.ts';
import type { ProgressMessage } from '../../api/engine/system.ts';
import { PlainBuild } from '../progress/build-plain.ts';
import { TtyBuild } from '../progress/build-tty.ts';
import { renderProgress } from '../progress/render.ts';
import { FakeDaemon } from '../testing/fake-daemon.ts';
import { printable, printableCell } from './printable.ts';

/** A title for the terminal's window, a cleared screen, a C1 introducer, a bell, and a line overwritten. */
const HOSTILE = '\x1b]0;owned\x07 \x1b[2J \u009b31m \b\x7f mine\ryours';
/** Characters that must not reach a terminal; newlines and tabs may. */
const STEERING = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;

test('control characters are escaped; other text does not change', () => {
  assert.equal(printable('a\tb\nc é 😀'), 'a\tb\nc é 😀');
  assert.equal(printable('\x1b[1m\u009b\x7f\r'), '\\u001b[1m\\u009b\\u007f\\u000d');
  assert.equal(printableCell('a\tb\nc'), 'a\\tb\\nc');
  assert.doesNotMatch(printable(HOSTILE), STEERING);
});

const CONTAINER = {
  Id: 'a'.repeat(64),
  Names: ['/web'],
  Image: HOSTILE,
  ImageID: `sha256:${'b'.repeat(64)}`,
  Command: HOSTILE,
  Created: 1_700_000_000,
  Ports: [],
  Labels: { [HOSTILE]: `${HOSTILE}\nnext` },
  State: 'running',
  Status: HOSTILE,
  HostConfig: {},
  NetworkSettings: { Networks: {} },
  Mounts: [],
};
const HISTORY = [{ Id: '<missing>', Created: 1, CreatedBy: HOSTILE, Tags: null, Size: 1, Comment: HOSTILE }];
const EVENT = {
  Type: 'container',
  Action: HOSTILE,
  Actor: { ID: HOSTILE, Attributes: { [HOSTILE]: HOSTILE } },
  scope: 'local',
  time: 1_700_000_000,
  timeNano: 1_700_000_000_000_000_000,
};

const ANSWERS: readonly (readonly [path: RegExp, body: unknown])[] = [
  [/\/containers\/json$/, [CONTAINER]],
  [/\/containers\/web\/json$/, { ...CONTAINER, Config: { Env: [HOSTILE] } }],
  [/\/containers\/web\/top$/, { Titles: ['PID', HOSTILE], Processes: [['1', HOSTILE]] }],
  [/\/containers\/web\/changes$/, [{ Kind: 0, Path: `/${HOSTILE}` }]],
  [/\/images\/web\/history$/, HISTORY],
  [/\/images\/search$/, [{ name: HOSTILE, description: HOSTILE, star_count: 1, is_official: false }]],
  [
    /\/volumes$/,
    { Volumes: [{ Name: 'v', Driver: HOSTILE, Labels: {}, Scope: HOSTILE, Mountpoint: HOSTILE }] },
  ],
  [/\/events$/, EVENT],
];

const COMMANDS: readonly (readonly string[])[] = [
  ['ps'],
  ['ps', '--no-trunc', '--format', '{{.Command}} {{.Labels}} {{.Status}}'],
  ['ps', '--format', 'table {{.Image}}\t{{.Status}}'],
  ['ps', '--format', 'json'],
  [
    'inspect',
    '--type',
    'container',
    '-f',
    '{{.Config.Env}} {{json .Image}} {{range .Config.Env}}{{.}}{{end}}',
    'web',
  ],
  ['inspect', '--type', 'container', 'web'],
  ['top', 'web'],
  ['diff', 'web'],
  ['history', 'web'],
  ['search', 'x'],
  ['volume', 'ls'],
  ['events'],
  ['events', '--format', '{{.Action}}'],
];

for (const command of COMMANDS) {
  test(`barge ${command.join(' ')} does not control the terminal`, async () => {
    await using daemon = await FakeDaemon.start(({ path }) => {
      const found = ANSWERS.find(([pattern]) => pattern.test(path));
      return found ? { body: found[1] } : { status: 404, body: { message: `none: ${path}` } };
    });
    const { code, stdout, stderr } = await daemon.run([...command]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /owned/, 'the text itself is shown');
    assert.doesNotMatch(stdout, STEERING);
  });
}

test('errors and warnings of a daemon do not control the terminal', async () => {
  await using daemon = await FakeDaemon.start(() => ({ status: 409, body: { message: HOSTILE } }));
  for (const command of [['rm', 'x'], ['stop', 'x'], ['run', 'x'], ['inspect', 'x'], ['ps']]) {
    const { stdout, stderr } = await daemon.run(command);
    assert.match(stderr, /owned/, command.join(' '));
    assert.doesNotMatch(stdout + stderr, STEERING, command.join(' '));
  }
});

test('progress of pulls and pushes passes only its own control sequences', async () => {
  async function* messages(): AsyncGenerator<ProgressMessage> {
    yield { status: HOSTILE, id: HOSTILE };
    yield { status: HOSTILE, id: HOSTILE, progressDetail: { current: 1, total: 2 } };
    yield { status: HOSTILE };
  }
  for (const terminal of [false, true]) {
    let text = '';
    await renderProgress(messages(), { terminal, write: (part) => (text += part) });
    assert.match(text, /owned/);
    assert.doesNotMatch(text.replace(/\x1b\[\d+[AB]|\x1b\[2K|\r/g, ''), STEERING);
    assert.ok(!text.includes('mine\ryours'));
  }
});

const BUILD: readonly BuildMessage[] = [
  { kind: 'planned', steps: [{ number: 1, stage: HOSTILE, text: HOSTILE, line: 1 }] },
  { kind: 'pull', message: { id: HOSTILE, status: HOSTILE } },
  { kind: 'warning', message: HOSTILE },
  { kind: 'lint', findings: [{ rule: 'X', detail: HOSTILE, line: 1 }] } as unknown as BuildMessage,
  { kind: 'started', step: 1, at: 1 },
  { kind: 'missed', step: 1, reason: HOSTILE },
  { kind: 'done', step: 1, cached: false, at: 2 },
  { kind: 'tagged', reference: HOSTILE },
  { kind: 'built', id: HOSTILE },
];

test('names of steps, warnings and reasons of a build do not control the terminal', () => {
  let plain = '';
  const lines = new PlainBuild({ explain: true, write: (text) => (plain += text) });
  let drawn = '';
  const size = () => ({ columns: 300, rows: 50 });
  const tree = new TtyBuild({ explain: true, size, write: (text) => (drawn += text) });
  const output: BuildMessage = { kind: 'output', step: 1, stream: 'stdout', text: HOSTILE, at: 1 };
  for (const message of BUILD) {
    lines.show(message);
    tree.show(message);
    if (message.kind === 'started') tree.show(output);
  }
  lines.end();
  tree.end();
  for (const text of [plain, drawn.replace(/\x1b\[\d+A\r\x1b\[J/g, '')]) {
    assert.match(text, /owned/);
    assert.doesNotMatch(text, STEERING);
  }
});

test('a failed step shows its last output without control sequences', () => {
  let drawn = '';
  const size = () => ({ columns: 300, rows: 50 });
  const tree = new TtyBuild({ explain: false, size, write: (text) => (drawn += text) });
  const messages: readonly BuildMessage[] = [
    { kind: 'planned', steps: [{ number: 1, stage: 'one', text: 'RUN x', line: 1 }] },
    { kind: 'started', step: 1, at: 1 },
    { kind: 'output', step: 1, stream: 'stderr', text: `${HOSTILE} last words\n`, at: 1 },
    { kind: 'failed', at: 2 } as BuildMessage,
  ];
  for (const message of messages) tree.show(message);
  tree.end();
  assert.match(drawn, /last words/);
  assert.doesNotMatch(drawn.replace(/\x1b\[\d+A\r\x1b\[J/g, ''), STEERING);
});
