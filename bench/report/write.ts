import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { NOISE_RULE, noiseVerdict } from '../measure/noise.ts';
import { PEERS } from '../peers/catalog.ts';
import { SUITES } from '../suites/catalog.ts';
import { markdownOf } from './markdown.ts';
import type { Report } from './report.ts';
import { asText, tableOf } from './table.ts';

const BENCH = join(import.meta.dirname, '..');

/** Rounds below which a run is a trial. */
const MIN_RUNS = 10;

/** Prints the tables and writes `results/DATE.json` and, if nothing was left out, `RESULTS.md`. */
export function writeReport(report: Report): void {
  for (const section of report.sections)
    print(`\n${section.title}\n${asText(tableOf(section))}\n`, section.notes);
  print(`\nThe machine was ${noiseVerdict(report.noise)}.\n`, [NOISE_RULE]);
  const results = join(BENCH, 'results');
  mkdirSync(results, { recursive: true });
  const json = join(results, `${report.started.toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
  write(json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (isWhole(report)) write(join(BENCH, 'RESULTS.md'), markdownOf(report));
}

function isWhole({ sections, options, versions, absent }: Report): boolean {
  const peers = Object.keys(versions).length + Object.keys(absent).length;
  return sections.length === SUITES.length && peers === PEERS.length && options.runs >= MIN_RUNS;
}

function print(text: string, notes: readonly string[]): void {
  process.stdout.write(`${text}${notes.map((note) => `  ${note}\n`).join('')}`);
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
  process.stdout.write(`bench: wrote ${relative(process.cwd(), path)}\n`);
}
