import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from './trace.ts';

/** Calls by kind, by path: the cost of each path when the budget was recorded. */
export type Budget = Readonly<Record<string, Counts>>;

const FILE = join(import.meta.dirname, 'budget.json');

/** The tolerance for chance and background work: a tenth, but at least three calls. */
const MARGIN = { part: 0.1, calls: 3 } as const;

export function readBudget(): Budget {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

export function writeBudget(budget: Budget): void {
  writeFileSync(FILE, `${JSON.stringify(budget, undefined, 2)}\n`);
}

/** A sentence for each count that is above its budget, and for each path that has none. */
export function overspent(counted: Budget, budget: Budget): readonly string[] {
  return Object.entries(counted).flatMap(([path, counts]) => {
    const allowed = budget[path];
    if (!allowed) return [`${path}: has no budget yet`];
    return Object.entries(counts).flatMap(([kind, count]) => {
      const recorded = allowed[kind] ?? 0;
      const most = recorded + Math.max(MARGIN.calls, recorded * MARGIN.part);
      return count > most ? [`${path}: ${kind}: counted ${count}, budget ${recorded} (at most ${most})`] : [];
    });
  });
}
