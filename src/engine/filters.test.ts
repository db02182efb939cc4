import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerValue } from '../core/exact-integer.ts';
import { eventPasses } from './event-filter.ts';
import { EventBus } from './events.ts';
import {
  booleanFilter,
  labelMatches,
  labelsPass,
  parseFilters,
  patternTest,
  untilFilter,
} from './filters.ts';

test('filters are read in both of the forms that clients send', () => {
  const lists = parseFilters('{"label":["a","b=c"],"name":["x"]}');
  const maps = parseFilters('{"label":{"a":true,"b=c":true,"off":false},"name":{"x":true}}');
  assert.deepEqual([...lists], [...maps]);
  assert.deepEqual([...parseFilters(''), ...parseFilters('null')], []);
  assert.deepEqual([...parseFilters('{"label":null}')], [['label', []]]);
});

for (const text of [
  'nonsense',
  '[]',
  '7',
  '{"label":"a"}',
  '{"label":7}',
  '{"label":[7]}',
  '{"label":{"a":1}}',
]) {
  test(`${text} is no filter`, () => assert.throws(() => parseFilters(text), /invalid filter/));
}

test('a label matches by key, or by key and value, to the letter', () => {
  const labels = { key: 'value', empty: '', equals: 'a=b' };
  const cases: [string, boolean][] = [
    ['key', true],
    ['key=value', true],
    ['key=val', false],
    ['empty', true],
    ['empty=', true],
    ['equals=a=b', true],
    ['other', false],
    ['Key', false],
  ];
  for (const [wanted, expected] of cases) assert.equal(labelMatches(labels, wanted), expected, wanted);
});

test('events reach listeners in order, and the last 256 are kept', () => {
  const bus = new EventBus();
  const heard: string[] = [];
  {
    using _listening = bus.listen(({ Actor }) => heard.push(Actor.ID));
    for (let i = 0; i < 300; i++) bus.emit('container', 'start', `${i}`, { image: 'x' });
  }
  bus.emit('volume', 'create', 'after');
  assert.deepEqual(
    heard,
    Array.from({ length: 300 }, (_, i) => `${i}`),
  );
  const past = bus.past();
  assert.equal(past.length, 256);
  assert.equal(past.at(-1)?.Actor.ID, 'after');
  for (const [i, event] of past.entries())
    assert(integerValue(event.timeNano) > integerValue(past[i - 1]?.timeNano ?? 0));
});

test('filters of prunes: labels to have and not to have, and one time', () => {
  const filters = parseFilters('{"label":["a"],"label!":["b=1"],"until":["10m"]}');
  assert.equal(labelsPass({ a: '' }, filters), true);
  assert.equal(labelsPass({ a: '', b: '1' }, filters), false);
  assert.equal(labelsPass({}, filters), false);
  assert(Math.abs(untilFilter(filters) - (Date.now() - 600_000)) < 5000);
  assert.equal(untilFilter(new Map()), Number.POSITIVE_INFINITY);
  assert.throws(() => untilFilter(parseFilters('{"until":["1h","2h"]}')), /more than one until/);
});

test('a filter that wants yes or no takes nothing else', () => {
  assert.equal(booleanFilter('dangling', ['true']), true);
  assert.equal(booleanFilter('dangling', ['0']), false);
  assert.throws(() => booleanFilter('dangling', ['maybe']), /invalid filter 'dangling=\[maybe\]'/);
  assert.throws(() => booleanFilter('dangling', ['1', '0']), /invalid filter/);
});

test('a name matches as it is or as an expression; a broken expression matches nothing else', () => {
  assert.equal(patternTest('web')('web-1'), true);
  assert.equal(patternTest('^web-[0-9]$')('web-1'), true);
  assert.equal(patternTest('a[')('a['), true);
  assert.equal(patternTest('[')('web-1'), false);
});

test('events pass by kind, action, object, image and label', () => {
  const event = {
    Type: 'container',
    Action: 'exec_create: ls -l',
    Actor: { ID: 'abcdef', Attributes: { name: 'web-1', image: 'quay.io/a/b:1', tier: 'front' } },
    scope: 'local',
    time: 1,
    timeNano: 1e9,
  } as const;
  const cases: [object, boolean][] = [
    [{}, true],
    [{ type: ['container', 'image'] }, true],
    [{ type: ['image'] }, false],
    [{ event: ['exec_create'] }, true],
    [{ event: ['exec'] }, false],
    [{ event: ['exec_create: ls -l'] }, true],
    [{ container: ['abc'] }, true],
    [{ container: ['web'] }, true],
    [{ container: ['other'] }, false],
    [{ image: ['quay.io/a/b'] }, true],
    [{ image: ['quay.io/a/b:1'] }, true],
    [{ image: ['b'] }, false],
    [{ label: ['tier=front'] }, true],
    [{ label: ['tier=front', 'other'] }, false],
    [{ scope: ['swarm'] }, false],
  ];
  for (const [filters, expected] of cases) {
    assert.equal(
      eventPasses(event, parseFilters(JSON.stringify(filters))),
      expected,
      JSON.stringify(filters),
    );
  }
});
