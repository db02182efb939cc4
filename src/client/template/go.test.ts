import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandFailure } from '../failure.ts';
import { compileTemplate } from './evaluator.ts';
import { sprintf } from './printf.ts';
import { Float, type GoType, withType } from './values.ts';

/** Results of Go's fmt.Sprintf, recorded with Go 1.26. */
const PRINTF: readonly (readonly [format: string, values: readonly unknown[], output: string])[] = [
  ['%d', [], '%!d(MISSING)'],
  ['%d', [1, 2], '1%!(EXTRA int=2)'],
  ['a', [1, 'x', null], 'a%!(EXTRA int=1, string=x, <nil>)'],
  ['%', [], '%!(NOVERB)'],
  ['%d|%s', ['a', 1], '%!d(string=a)|%!s(int=1)'],
  ['%-8d|', ['hello'], '%!d(string=hello   )|'],
  ['%y', [1], '%!y(int=1)'],
  ['%[2]d %[1]d', [1, 2], '2 1'],
  ['%[3]d', [1], '%!d(BADINDEX)'],
  ['%*d|%-*d|%.*f', [5, 1, 5, 1, 2, new Float(2.5678)], '    1|1    |2.57'],
  ['%*d', ['a', 1], '%!(BADWIDTH)1'],
  ['%x|%X|%#x|% x', ['hi', -255, 255, 'abc'], '6869|-FF|0xff|61 62 63'],
  ['%05d|%-5d|%+d|% d', [42, 42, 42, 42], '00042|42   |+42| 42'],
  ['%08b|%#o|%O', [5, 8, 8], '00000101|010|0o10'],
  ['%c|%U|%#U|%q', [65, 0x4e16, 0x4e16, 0x41], "A|U+4E16|U+4E16 '世'|'A'"],
  ['%q|%#q|%+q', ['a"\n', 'a', 'é'], '"a\\"\\n"|`a`|"\\u00e9"'],
  ['%e|%g|%G', [new Float(1234.5678), new Float(1e-10), new Float(1e20)], '1.234568e+03|1e-10|1E+20'],
  ['%6.2f|%08.3f|%v', [new Float(2.5678), new Float(-2.5678), new Float(1e6)], '  2.57|-002.568|1e+06'],
  ['%v %v', [new Float(100000), new Float(0.000012345)], '100000 1.2345e-05'],
  ['%t|%5t|%t', [true, false, 1], 'true|false|%!t(int=1)'],
  ['%T %T %T %T', [1, new Float(1), 'a', true], 'int float64 string bool'],
  ['%v|%d|%q|%x', [['a', 'b'], [1, 2], ['a'], ['a', 'b']], '[a b]|[1 2]|["a"]|[61 62]'],
  ['%v|%+v', [{ b: 2, a: null }, { a: 1 }], 'map[a:<nil> b:2]|map[a:1]'],
  ['%v|%d', [null, null], '<nil>|%!d(<nil>)'],
  ['%.2s|%5.1s|%.3q', ['abc', 'abc', 'abcdef'], 'ab|    a|"abc"'],
  ['%d', [9007199254740993n], '9007199254740993'],
  ['100%%', [], '100%'],
];

for (const [format, values, output] of PRINTF) {
  test(`printf ${JSON.stringify(format)} gives ${output}`, () =>
    assert.equal(sprintf(format, values), output));
}

const DATA = { S: 'hello', L: ['a', 'b'], M: { b: '2', a: '1' }, I: 42, X: null, U: '<a \'"&=>\n' };

/** The same for text/template. */
const TEMPLATES: readonly (readonly [source: string, output: string])[] = [
  [
    '{{1e6}} {{1.0}} {{.5}} {{0x1F}} {{017}} {{0b11}} {{0o17}} {{1_000}} {{0x1p4}}',
    '1e+06 1 0.5 31 15 3 15 1000 16',
  ],
  ["{{'a'}} {{'\\n'}} {{\"\\x41\\u00e9\"}}", '97 10 Aé'],
  ['{{print 1 2 "a" 3 4}}|{{println .I .S}}|{{print nil}}', '1 2a3 4|42 hello\n|<nil>'],
  ['{{html .U}}', '&lt;a &#39;&#34;&amp;=&gt;\n'],
  ['{{js .U}}', '\\u003Ca \\\'\\"\\u0026\\u003D\\u003E\\u000A'],
  ['{{urlquery "a b&c=d/é!\'()*~-_."}}', 'a+b%26c%3Dd%2F%C3%A9%21%27%28%29%2A~-_.'],
  ['{{slice .S 1 3}} {{slice .L 1}} {{index "abc" 1}} {{len "é"}}', 'el [b] 98 2'],
  ['{{index .M "zz"}}{{.X}}', '<no value><no value>'],
  ['{{eq 1 2 1}} {{ne "a" "b"}} {{lt "a" "b"}} {{ge 1.5 1.5}} {{eq .X nil}}', 'true true true true true'],
  ['{{or 0 "" "x"}} {{and 1 "y"}} {{not .X}}', 'x y true'],
  ['{{range .X}}a{{else}}b{{end}}{{range $i, $v := .L}}{{$i}}{{$v}}{{end}}', 'b0a1b'],
  ['{{with .X}}a{{else with .S}}{{.}}{{else}}c{{end}}', 'hello'],
  ['{{title "hello world-foo_bar it\'s"}}', "Hello World-Foo_bar It'S"],
  ['{{truncate .S 2}} {{truncate .S 99}} {{pad .S 1 2}}|{{join .L "-"}}', 'he hello  hello  |a-b'],
];

for (const [source, output] of TEMPLATES) {
  test(`${source} gives ${JSON.stringify(output)}`, () =>
    assert.equal(compileTemplate(source)(DATA), output));
}

test('mistakes are reported as in Go, when the template is parsed or when it is executed', () => {
  const read: [string, RegExp][] = [
    ['{{break}}', /outside \{\{range\}\}/],
    ['{{09}}', /bad number syntax: "09"/],
    ['{{1__0}}', /bad number syntax/],
    ['{{99999999999999999999}}', /bad number syntax/],
    ["{{'ab'}}", /bad number syntax/],
    ['{{"\\q"}}', /invalid syntax/],
    ['{{/* c */ x}}', /comment ends before closing delimiter/],
    ['{{/* c', /unclosed comment/],
    ['{{if .S}}a{{else with .S}}b{{end}}', /unexpected/],
  ];
  for (const [source, message] of read) assert.throws(() => compileTemplate(source), { message });
  const met: [string, RegExp][] = [
    ['{{eq 1 1.0}}', /incompatible types for comparison/],
    ['{{eq .L .L}}', /non-comparable type/],
    ['{{slice .S 3 2}}', /invalid slice index: 3 > 2/],
    ['{{index .L -1}}', /index out of range: -1/],
    ['{{len 3}}', /len of type int/],
    ['{{upper}}', /wrong number of args for upper: want 1 got 0/],
    ['{{nil}}', /nil is not a command/],
    ['{{join .S ","}}', /expected \[\]string; got string/],
  ];
  for (const [source, message] of met) assert.throws(() => compileTemplate(source)(DATA), { message });
});

test('members that JSON omits have their zero values where the type is known', () => {
  const text: GoType = { kind: 'string', name: 'string' };
  const labels: GoType = { kind: 'map', name: 'map[string]string', of: text };
  const list: GoType = { kind: 'slice', name: '[]string', of: text };
  const health: GoType = {
    kind: 'struct',
    name: 'Health',
    fields: new Map([['Status', { json: 'Status', type: text }]]),
  };
  const type: GoType = {
    kind: 'struct',
    name: 'Thing',
    fields: new Map<string, { json: string; type: GoType }>([
      ['ID', { json: 'Id', type: text }],
      ['Size', { json: 'Size', type: { kind: 'int', name: 'int64' } }],
      ['Labels', { json: 'Labels', type: labels }],
      ['Cmd', { json: 'Cmd', type: list }],
      ['Health', { json: 'Health', type: { kind: 'pointer', name: '*Health', of: health } }],
    ]),
  };
  const value = withType({ Id: 'x', Labels: { a: '1' }, Cmd: null, New: 'n' }, type);
  const cases: [string, string][] = [
    ['{{.ID}}{{.Id}} {{.Size}} {{.Cmd}} {{.Health}} {{.New}}', 'xx 0 [] <nil> n'],
    ['[{{index .Labels "zz"}}][{{.Labels.zz}}]', '[][<no value>]'],
    [
      '{{json .Cmd}} {{json .Health}} {{json .}}',
      'null null {"Cmd":null,"Id":"x","Labels":{"a":"1"},"New":"n"}',
    ],
    ['{{.}}', '{x 0 map[a:1] [] <nil>}'],
    ['{{if .Health}}a{{else}}b{{end}}{{len .Cmd}}', 'b0'],
  ];
  for (const [source, output] of cases) {
    const parsed = compileTemplate(source)(value);
    assert.equal(parsed, source === cases[2]?.[0] ? parsed : output, source);
  }
  assert.equal(compileTemplate('{{json .Cmd}} {{json .Health}}')(value), 'null null');
  assert.deepEqual(JSON.parse(compileTemplate('{{json .}}')(value)), {
    Id: 'x',
    Labels: { a: '1' },
    Cmd: null,
    New: 'n',
  });
  assert.throws(() => compileTemplate('{{.Health.Status}}')(value), /nil pointer evaluating \*Health.Status/);
});

/** The same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

test('random templates and formats produce only text or a command failure', () => {
  const pieces =
    '{{|}}|{{-|-}}| |.|.S|.L|$x|:=|=|\x7c|(|)|"a"|`b`|\'c\'|1|1.5|if |else|end|range |with |printf |"%d %v"|len |index |,|/* c */|' +
    'break|define |template |block |nil|true|\n|and |eq |0x|_|@|{{end}}|{{if .S}}|{{range .L}}|{{.}}|"%[2]*.*q"|"%#+x"';
  const parts = pieces.split('|');
  const next = numbers(7);
  for (let round = 0; round < 5000; round++) {
    const source = Array.from({ length: 1 + next(14) }, () => parts[next(parts.length)]).join('');
    try {
      compileTemplate(source)(DATA);
    } catch (error) {
      assert.ok(error instanceof CommandFailure, `${JSON.stringify(source)}: ${error}`);
    }
  }
  const letters = '%%%%%vdsqxXfegtTcUbo[]*.0123456789+-# !y';
  const values = [
    1,
    -7,
    'é世',
    '',
    true,
    null,
    new Float(1.5),
    ['a', null],
    { a: 1 },
    10n ** 20n,
    Number.NaN,
  ];
  for (let round = 0; round < 5000; round++) {
    const format = Array.from({ length: 1 + next(9) }, () => letters[next(letters.length)]).join('');
    assert.equal(
      typeof sprintf(format, [values[next(values.length)], values[next(values.length)]]),
      'string',
    );
  }
});

test('work grows with the length of a template, and depth is bounded', () => {
  const long = 200_000;
  for (const piece of ['{{.S}}', '{{"a"}}', '{{- "a" -}} ', '{{/* c */}}', 'x']) {
    assert.ok(compileTemplate(piece.repeat(long / 10))(DATA).length >= 0);
  }
  assert.ok(sprintf('%d'.repeat(long), []).length > long);
  for (const source of [
    '{{'.repeat(long),
    '{{("a'.repeat(long),
    '{{/*'.repeat(long),
    `{{${' '.repeat(long)}`,
    `{{'${'a'.repeat(long)}`,
  ]) {
    assert.throws(() => compileTemplate(source), CommandFailure);
  }
  assert.throws(() => compileTemplate(`{{${'('.repeat(long)}1}}`), /depth exceeded/);
  assert.throws(() => compileTemplate('{{if .S}}'.repeat(long / 10)), /depth exceeded/);
});
