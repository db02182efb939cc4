import type { BuildTrace, StepTrace } from '../cache.ts';
import type { Step } from '../plan/graph.ts';

const MAX_NAMED = 3;

/** Explains why a step has to run, by comparison with the last build of the same scope. */
export function explainMiss(
  step: Step,
  ingredients: Readonly<Record<string, string>>,
  last: BuildTrace | undefined,
): string {
  if (!last) return 'no earlier build to compare with';
  const before = counterpart(step, last);
  if (!before) return 'new step';
  if (before.text !== step.text) return `instruction changed, was: ${before.text}`;
  const changes = changedNames(before.ingredients, ingredients);
  if (changes.length === 0) return 'its cache entry is gone';
  return describe(changes, step);
}

/** The same step of the last build: with the same text, or else at the same position in its stage. */
function counterpart(step: Step, last: BuildTrace): StepTrace | undefined {
  const stage = last.steps.filter((trace) => trace.stage === step.stage);
  return (
    stage.find((trace) => trace.text === step.text) ?? stage.find((trace) => trace.index === indexOf(step))
  );
}

/** The number of preceding steps in its stage. */
export function indexOf(step: Step): number {
  let index = 0;
  for (let previous = step.previous; previous; previous = previous.previous) index++;
  return index;
}

interface Change {
  readonly name: string;
  readonly how: 'changed' | 'added' | 'removed';
}

function changedNames(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  const changes: Change[] = [];
  for (const name of names) {
    if (before[name] === now[name]) continue;
    const how = before[name] === undefined ? 'added' : now[name] === undefined ? 'removed' : 'changed';
    changes.push({ name, how });
  }
  return changes;
}

/** Orders causes by what users can act on: their files and arguments first, then the preceding steps. */
function describe(changes: readonly Change[], step: Step): string {
  const parts: string[] = [];
  const group = (prefix: string, noun: string) => {
    const found = changes.filter((change) => change.name.startsWith(prefix));
    if (found.length > 0) parts.push(list(found, prefix, noun));
  };
  group('file:', 'file');
  group('arg:', 'build argument');
  group('env:', 'variable');
  for (const { name } of changes) {
    if (name in WORDS) parts.push(WORDS[name] ?? '');
    else if (name.startsWith('mount:')) parts.push(`the mount at ${name.slice('mount:'.length)} changed`);
  }
  if (changes.some(({ name }) => name === 'base')) parts.push(baseChange(step));
  return parts.join('; ') || `${changes[0]?.name} changed`;
}

const WORDS: Readonly<Record<string, string>> = {
  from: 'the stage or image it copies from changed',
  command: 'the command changed',
  user: 'the user changed',
  architecture: 'the architecture changed',
  cwd: 'the working directory changed',
  network: 'the network mode changed',
  hosts: 'the extra hosts changed',
  chown: 'the new owner changed',
  chmod: 'the new mode changed',
  destination: 'the destination changed',
};

function baseChange(step: Step): string {
  let previous = step.previous;
  while (previous?.previous && previous.operation === previous.previous.operation)
    previous = previous.previous;
  if (!previous?.previous) return 'the base image changed';
  return `step ${previous.number} before it changed`;
}

function list(changes: readonly Change[], prefix: string, noun: string): string {
  const named = changes
    .slice(0, MAX_NAMED)
    .map(({ name, how }) => `${noun} ${name.slice(prefix.length)} ${how}`);
  const more = changes.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}
