import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBus } from './events.ts';
import { labelMatches, parseFilters } from './filters.ts';

test('filters are read in both of the forms that clients send', () => {
  const lists = parseFilters('{"label":["a","b=c"],"name":["x"]}');
  const maps = parseFilters('{"label":{"a":true,"b=c":true,"off":false},"name":{"x":true}}');
  assert.deepEqual([...lists], [...maps]);
  assert.deepEqual([...parseFilters('')], []);
});

for (const text of ['nonsense', '[]', '7', 'null', '{"label":"a"}', '{"label":7}']) {
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
  assert.equal(past.at(-1)?.status, undefined, 'only containers and images have the old fields');
  assert.equal(past[0]?.from, 'x');
  for (const [i, event] of past.entries()) assert(event.timeNano >= (past[i - 1]?.timeNano ?? 0));
});
