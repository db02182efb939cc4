import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flag } from './flag-types.ts';
import { FlagError, parseFlags } from './parse-flags.ts';

const FLAGS: readonly Flag[] = [
  { name: 'interactive', short: 'i', type: 'bool', description: '' },
  { name: 'tty', short: 't', type: 'bool', description: '' },
  { name: 'rm', type: 'bool', description: '' },
  { name: 'sig-proxy', type: 'bool', default: 'true', description: '' },
  { name: 'publish', short: 'p', type: 'list', description: '' },
  { name: 'name', type: 'string', description: '' },
  { name: 'memory', short: 'm', type: 'bytes', description: '' },
  { name: 'memory-swap', type: 'swap', description: '' },
  { name: 'cpus', type: 'decimal', description: '' },
  { name: 'timeout', short: 't2', type: 'int', aliases: ['time'], description: '' },
  { name: 'interval', type: 'duration', description: '' },
  { name: 'filter', short: 'f', type: 'filter', description: '' },
  { name: 'subnet', type: 'strings', description: '' },
  { name: 'opt', short: 'o', type: 'map', description: '' },
];

const parse = (...words: string[]) => parseFlags(words, FLAGS);

test('short flags combine, and the last may carry its value', () => {
  const { flags, args } = parse('-it', '-p8080:80', '-p', '9:9', '-itp=7:7', 'image');
  assert.equal(flags.bool('interactive') && flags.bool('tty'), true);
  assert.deepEqual(flags.list('publish'), ['8080:80', '9:9', '7:7']);
  assert.deepEqual(args, ['image']);
});

test('booleans need no value, but may be set to false', () => {
  const { flags, args } = parse('--rm', 'false', '--sig-proxy=false', '--tty=0');
  assert.deepEqual([flags.bool('rm'), flags.bool('sig-proxy'), flags.bool('tty')], [true, false, false]);
  assert.deepEqual(args, ['false']);
  assert.equal(parse().flags.bool('sig-proxy'), true);
});

test('flags may follow positionals unless the command stops at the first', () => {
  const words = ['image', '--rm', '--', '--name'];
  assert.deepEqual(parseFlags(words, FLAGS).args, ['image', '--name']);
  const stopped = parseFlags(words, FLAGS, { stopAtPositional: true });
  assert.deepEqual(stopped.args, words);
  assert.equal(stopped.flags.bool('rm'), false);
});

test('values are parsed by type', () => {
  const { flags } = parse(
    '-m',
    '64m',
    '--memory-swap=-1',
    '--cpus',
    '1.5',
    '--time',
    '-1',
    '--interval',
    '1m30s',
  );
  assert.equal(flags.number('memory'), 64 * 1024 * 1024);
  assert.equal(flags.number('memory-swap'), -1);
  assert.equal(flags.number('cpus'), 1_500_000_000);
  assert.equal(flags.number('timeout'), -1);
  assert.equal(flags.number('interval'), 90e9);
});

test('strings split at commas, maps at the first equals sign', () => {
  const { flags } = parse('--subnet', 'a,b', '--subnet', 'c', '-o', 'k=v=w', '-o', 'x');
  assert.deepEqual(flags.list('subnet'), ['a', 'b', 'c']);
  assert.deepEqual(flags.map('opt'), { k: 'v=w', x: '' });
});

test('a lone dash is a positional', () => {
  assert.deepEqual(parse('-').args, ['-']);
});

test('--help and -h request help unless a flag is named h', () => {
  assert.equal(parse('--help').help, true);
  assert.equal(parse('-h').help, true);
});

test("mistakes are reported in docker's words", () => {
  const cases: [string[], string][] = [
    [['--foo'], 'unknown flag: --foo'],
    [['-itz'], "unknown shorthand flag: 'z' in -z"],
    [['--name'], 'flag needs an argument: --name'],
    [['-ip'], "flag needs an argument: 'p' in -p"],
    [['-m', 'x'], `invalid argument "x" for "-m, --memory" flag: invalid size: 'x'`],
    [['--rm=x'], 'invalid argument "x" for "--rm" flag: strconv.ParseBool: parsing "x": invalid syntax'],
    [['--cpus', 'x'], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'],
    [['--interval', '5'], 'invalid argument "5" for "--interval" flag: time: missing unit in duration "5"'],
    [['-f', 'x'], 'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)'],
  ];
  for (const [words, message] of cases) {
    assert.throws(
      () => parse(...words),
      (error) => error instanceof FlagError && error.message === message && error.exitCode === 125,
      message,
    );
  }
});

test('reading an undeclared flag is a programming error', () => {
  assert.throws(() => parse().flags.text('nonsense'), TypeError);
});

test("old names of flags work, with docker's deprecation warnings", () => {
  const known: readonly Flag[] = [
    { name: 'timeout', short: 't', type: 'int', aliases: ['time'], deprecated: ['time'], description: '' },
  ];
  const { flags, warnings } = parseFlags(['--time=5'], known);
  assert.equal(flags.number('timeout'), 5);
  assert.deepEqual(warnings, ['Flag --time has been deprecated, use --timeout instead']);
  assert.deepEqual(parseFlags(['-t', '5'], known).warnings, []);
});
