import type { EventMessage } from '../api/engine/system.ts';
import { BargeError } from '../core/errors.ts';
import { familiarName, parseReference } from '../core/reference.ts';
import { type Filters, labelMatches } from './filters.ts';

type Test = (event: EventMessage, value: string) => boolean;

/** Filters that name an object match the beginning of its id or name, whatever the event is about. */
const NAMED = ['container', 'volume', 'network', 'daemon', 'plugin', 'node', 'service', 'secret', 'config'];

/** Actions with details after a colon, which a filter may leave out. */
const DETAILED = ['health_status', 'exec_create', 'exec_start'];

const TESTS: Record<string, Test> = {
  type: ({ Type }, value) => Type === value,
  scope: ({ scope }, value) => scope === value,
  event: ({ Action }, value) => Action === value || (DETAILED.includes(value) && Action.startsWith(value)),
  image: ({ Type, Actor }, value) => {
    const name = Actor.Attributes[Type === 'image' ? 'name' : 'image'] ?? '';
    return [Actor.ID, name, withoutTag(Actor.ID), withoutTag(name)].includes(value);
  },
  label: ({ Actor }, value) => labelMatches(Actor.Attributes, value),
  ...Object.fromEntries(NAMED.map((name) => [name, named])),
};

function named({ Actor }: EventMessage, value: string): boolean {
  return Actor.ID.startsWith(value) || (Actor.Attributes.name ?? '').startsWith(value);
}

function withoutTag(name: string): string {
  try {
    return familiarName(parseReference(name));
  } catch (error) {
    if (error instanceof BargeError) return name;
    throw error;
  }
}

/** Whether an event passes all filters; values of one are alternatives, but for labels. Docker's rules. */
export function eventPasses(event: EventMessage, filters: Filters): boolean {
  return [...filters].every(([name, values]) => {
    const test = TESTS[name];
    if (!test || values.length === 0) return true;
    const check = (value: string) => test(event, value);
    return name === 'label' ? values.every(check) : values.some(check);
  });
}
