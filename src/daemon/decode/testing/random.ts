import type { Node, Schema } from '../schema.ts';

/** Numbers from 0 to below `limit`, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const NUMBERS = [0, -1, 1, 7, 80, 0.5, -0, 1e21, 2 ** 31, -(2 ** 53), 65536, 1e-7, 6 << 20];
/** Words that mean something somewhere, and some that mean nothing anywhere. */
const WORDS = [
  ...[
    '',
    ' ',
    'x',
    '0',
    '-1',
    '80',
    '80/tcp',
    '8000-8010',
    '1-0/udp',
    '99999',
    '/',
    '/a',
    '/proc',
    '..',
    '\0',
    '/a\0b',
  ],
  ...[
    'host',
    'none',
    'default',
    'bridge',
    'private',
    'shareable',
    'container:',
    'container:x',
    'NONE',
    'CMD',
    'local',
  ],
  ...[
    'a:b',
    'a:b:c:d',
    '/a:/b:ro',
    'a=b',
    '=',
    ':',
    '1.2.3.4',
    '::1',
    '10.0.0.0/8',
    'ALL',
    'nofile',
    'seccomp={',
    'c 1:3 r',
  ],
  ...[
    'no-new-privileges',
    'always',
    'on-failure',
    'SIGTERM',
    'sha256:x',
    '__proto__',
    'constructor',
    'ü',
    '\ud800',
    'size',
  ],
  ...[
    'tmpfs',
    'bind',
    'volume',
    'image',
    '{}',
    '[',
    '%s',
    'a'.repeat(300),
    'json-file',
    '/dev/null',
    'crun',
    'TERM',
  ],
];

/** Any JSON, whatever is expected. */
export function randomJson(random: (limit: number) => number, depth = 2): unknown {
  switch (random(depth > 0 ? 7 : 5)) {
    case 0:
      return null;
    case 1:
      return random(2) === 1;
    case 2:
      return NUMBERS[random(NUMBERS.length)];
    case 3:
    case 4:
      return WORDS[random(WORDS.length)];
    case 5:
      return Array.from({ length: random(4) }, () => randomJson(random, depth - 1));
    default:
      return randomObject(random, () => randomJson(random, depth - 1));
  }
}

const randomObject = (random: (limit: number) => number, make: () => unknown) =>
  Object.fromEntries(Array.from({ length: random(4) }, () => [WORDS[random(WORDS.length)] ?? '', make()]));

/** A body for a schema: most of it is of the right type, with any JSON here and there. */
export function randomBody<T>(schema: Schema<T>, random: (limit: number) => number): unknown {
  return randomValue(schema, random, 0);
}

/** Of so many values, one is any JSON. */
const ODDS = 25;

function randomValue(node: Node, random: (limit: number) => number, depth: number): unknown {
  if (depth > 0 && random(ODDS) === 0) return randomJson(random);
  switch (node.kind) {
    case 'string':
      return WORDS[random(WORDS.length)];
    case 'boolean':
      return random(2) === 1;
    case 'integer':
      return Math.trunc(NUMBERS[random(NUMBERS.length)] ?? 0);
    case 'pair':
      return [random(100), random(100)];
    case 'list':
      return Array.from({ length: random(3) }, () => randomValue(node.of, random, depth + 1));
    case 'map':
      return randomObject(random, () => randomValue(node.of, random, depth + 1));
    case 'anything':
      return randomJson(random);
    case 'object':
      return randomMembers(node, random, depth);
  }
}

/** A few members, so that bodies get past the checks of the first ones. */
function randomMembers(
  node: Extract<Node, { kind: 'object' }>,
  random: (limit: number) => number,
  depth: number,
): Record<string, unknown> {
  const names = Object.keys(node.members);
  const chosen = Array.from(
    { length: random(5) + (depth === 0 ? 1 : 0) },
    () => names[random(names.length)] ?? '',
  );
  return Object.fromEntries(
    chosen
      .filter((name) => node.members[name])
      .map((name) => [
        random(10) === 0 ? name.toLowerCase() : name,
        randomValue(node.members[name] as Node, random, depth + 1),
      ]),
  );
}
