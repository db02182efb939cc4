import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from './evaluator.ts';

const DATA = {
  Name: '/web',
  State: { Status: 'running', Running: true, Pid: 42 },
  Config: { Env: ['A=1', 'B=2'], Labels: { b: '2', a: '1' }, Cmd: null },
  Mounts: [
    { Source: '/src', Destination: '/dst' },
    { Source: '/x', Destination: '/y' },
  ],
  NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }], '81/tcp': null } },
};

const GOLDEN: [template: string, output: string][] = [
  ['{{.State.Status}}', 'running'],
  ['{{.State.Pid}} {{.State.Running}}', '42 true'],
  ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', '8080'],
  ['{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}', '/src:/dst /x:/y '],
  ['{{range $i, $m := .Mounts}}{{if $i}},{{end}}{{$m.Source}}{{end}}', '/src,/x'],
  ['{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}', 'a=1;b=2;'],
  ['{{range .Config.Cmd}}x{{else}}none{{end}}', 'none'],
  ['{{json .Config.Env}}', '["A=1","B=2"]'],
  ['{{json .State}}', '{"Status":"running","Running":true,"Pid":42}'],
  ['{{.Config.Env}}', '[A=1 B=2]'],
  ['{{.Config.Labels}}', 'map[a:1 b:2]'],
  ['{{.Config.Cmd}}', '<no value>'],
  ['{{join .Config.Env ","}}', 'A=1,B=2'],
  ['{{upper .State.Status}} {{.State.Status | title}}', 'RUNNING Running'],
  ['{{range split .Name "/"}}[{{.}}]{{end}}', '[][web]'],
  ['{{len .Mounts}}', '2'],
  ['{{if eq .State.Status "exited" "running"}}yes{{else}}no{{end}}', 'yes'],
  ['{{if and .State.Running (gt .State.Pid 40)}}big{{else if .State.Running}}small{{end}}', 'big'],
  ['{{if not .State.Running}}a{{else if eq .Name "/web"}}b{{else}}c{{end}}', 'b'],
  ['{{with .State}}{{.Pid}}{{end}}{{with .Config.Cmd}}x{{else}}-{{end}}', '42-'],
  ['{{printf "%-8s|%5d|%q" .State.Status .State.Pid .Name}}', 'running |   42|"/web"'],
  ['{{println "a" "b"}}', 'a b\n'],
  ['{{pad "x" 1 2}}|{{truncate .State.Status 3}}', ' x  |run'],
  ['{{$x := .State}}{{$x.Status}}{{$x = .Name}}{{$x}}', 'running/web'],
  ['{{/* nothing */}}a {{- " b" -}}  c', 'a bc'],
  ['{{`{{raw}}`}}', '{{raw}}'],
  ['{{slice .Name 1}} {{index .Config.Env 1}} {{index .Config.Labels "a"}}', 'web B=2 1'],
  ['{{range .Mounts}}{{if eq .Source "/x"}}{{break}}{{end}}{{.Source}}{{end}}', '/src'],
  ['{{range .Mounts}}{{range $.Config.Env}}{{.}} {{end}}{{end}}', 'A=1 B=2 A=1 B=2 '],
  ['{{or .Config.Cmd "fallback"}}', 'fallback'],
  ['{{define "m"}}<{{.Source}}>{{end}}{{range .Mounts}}{{template "m" .}}{{end}}', '</src></x>'],
  ['{{template "later" .Name}}{{define "later"}}{{.}}{{with $}}={{.}}{{end}}{{end}}', '/web=/web'],
  ['{{block "b" .State}}{{.Pid}}{{end}}{{template "b" .State}}', '4242'],
  ['{{range $i := 3}}{{$i}}{{end}}', '012'],
  [
    '{{eq 9007199254740993 9007199254740993}} {{9007199254740993}} {{lt 1 9007199254740993}}',
    'true 9007199254740993 true',
  ],
  ['{{json .Config}}', '{"Env":["A=1","B=2"],"Labels":{"a":"1","b":"2"},"Cmd":null}'],
  ['{{printf "%04d|%x|%.2f|%t" .State.Pid 255 1.5 true}}', '0042|ff|1.50|true'],
];

for (const [source, output] of GOLDEN) {
  test(`${source} gives ${JSON.stringify(output)}`, () => {
    assert.equal(compileTemplate(source)(DATA), output);
  });
}

test('`and` and `or` stop at the operand that decides', () => {
  assert.equal(
    compileTemplate('{{if and .Config.Cmd (index .Config.Cmd 9)}}x{{else}}safe{{end}}')(DATA),
    'safe',
  );
});

test('a missing field fails as in Go, with its position', () => {
  const cases: [string, string][] = [
    ['{{.Foo}}', 'template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"'],
    ['a {{.State.Foo}}', 'template: :1:10: executing "" at <.State.Foo>: map has no entry for key "Foo"'],
    ['\n{{.Foo}}', 'template: :2:2: executing "" at <.Foo>: map has no entry for key "Foo"'],
    [
      '{{.Config.Cmd.Foo}}',
      'template: :1:9: executing "" at <.Config.Cmd.Foo>: nil pointer evaluating interface {}.Foo',
    ],
    [
      '{{index .Mounts 9}}',
      'template: :1:2: executing "" at <index .Mounts 9>: error calling index: index out of range: 9',
    ],
  ];
  for (const [source, message] of cases) assert.throws(() => compileTemplate(source)(DATA), { message });
});

test('a listing names its Go type for a field that it lacks', () => {
  const render = compileTemplate('{{.Foo}}', { typeName: '*formatter.ContainerContext' });
  assert.throws(() => render(DATA), {
    message: `template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
  });
});

test('members that Go omits from JSON are nil, not missing', () => {
  const render = compileTemplate('{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}', {
    optional: new Set(['Health']),
  });
  assert.equal(render(DATA), 'none');
});

test('methods take arguments', () => {
  const row = { Label: (name: unknown) => `<${name}>`, ID: 'x' };
  assert.equal(compileTemplate('{{.Label "a"}} {{json .}}')(row), '<a> {"ID":"x"}');
});

test('a malformed template is rejected before its execution', () => {
  const cases: [string, RegExp][] = [
    ['{{.Foo', /unclosed action/],
    ['{{if .A}}', /unexpected EOF/],
    ['{{end}}', /unexpected \{\{end\}\}/],
    ['{{nope .A}}', /function "nope" not defined/],
    ['{{}}', /missing value for command/],
    ['{{define x}}{{end}}', /unexpected <x> in define clause/],
    ['{{if .A}}{{define "x"}}{{end}}{{end}}', /unexpected <define>/],
    ['{{define "x"}}', /unexpected EOF/],
    ['{{"abc}}', /unterminated quoted string|unclosed action/],
  ];
  for (const [source, message] of cases) assert.throws(() => compileTemplate(source), { message });
});

test('missing and endless templates fail where they are called', () => {
  const call = (source: string) => () => compileTemplate(source)(DATA);
  assert.throws(call('{{template "x"}}'), /template "x" not defined/);
  assert.throws(
    call('{{define "x"}}{{template "x"}}{{end}}{{template "x"}}'),
    /exceeded maximum template depth/,
  );
  assert.throws(call('{{eq .Name 1}}'), /incompatible types for comparison/);
});
