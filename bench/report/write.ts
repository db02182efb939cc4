import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { unavailable } from '../../src/core/errors.ts';
import { NOISE_RULE, noiseFigures, noiseVerdict } from '../measure/noise.ts';
import { PEERS } from '../peers/catalog.ts';
import { SUITES } from '../suites/catalog.ts';
import { chartOf } from './chart.ts';
import { markdownOf } from './markdown.ts';
import type { Report } from './report.ts';
import { asText, tableOf } from './table.ts';

const BENCH = join(import.meta.dirname, '..');

/** The minimum number of rounds of a full run. */
const MIN_RUNS = 10;

/**
 * Prints the tables and writes `results/DATE.json` and, for a complete run, `RESULTS.md` with its charts.
 * @throws BargeError unavailable, after writing the JSON, when the machine was too noisy.
 */
export function writeReport(report: Report): void {
  const { noise, options, started } = report;
  const results = join(BENCH, 'results');
  mkdirSync(results, { recursive: true });
  const json = join(results, `${started.toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
  write(json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (!noise.quiet && !options.allowNoise)
    throw unavailable(
      `no report: the machine was too noisy to tell (${noiseFigures(noise)}). ${NOISE_RULE} ` +
        'Run it again when the machine is idle; --allow-noise shows the figures, for a try-out',
    );
  for (const section of report.sections)
    print(`\n${section.title}\n${asText(tableOf(section))}\n`, section.notes);
  print(`\nThe machine was ${noiseVerdict(noise)}.\n`, [NOISE_RULE]);
  if (noise.quiet && isWhole(report)) writeResults(report);
}

function writeResults(report: Report): void {
  const charts = join(BENCH, 'charts');
  rmSync(charts, { recursive: true, force: true });
  mkdirSync(charts);
  for (const section of report.sections) write(join(charts, `${section.name}.svg`), chartOf(section));
  write(join(BENCH, 'RESULTS.md'), markdownOf(report));
}

function isWhole({ options, versions, absent, failures }: Report): boolean {
  if (Object.keys(failures).length > 0) return false;
  const known = PEERS.filter(({ name }) => versions[name] || absent[name]);
  const enough = options.runs === undefined || options.runs >= MIN_RUNS;
  return options.suites.length === SUITES.length && known.length === PEERS.length && enough;
}

function print(text: string, notes: readonly string[]): void {
  process.stdout.write(`${text}${notes.map((note) => `  ${note}\n`).join('')}`);
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
  process.stdout.write(`bench: wrote ${relative(process.cwd(), path)}\n`);
}
