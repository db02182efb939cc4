import { NOISE_RULE, noiseVerdict } from '../measure/noise.ts';
import type { BenchOptions } from '../options.ts';
import { SUITES } from '../suites/catalog.ts';
import type { Section } from '../suites/suite.ts';
import type { Report } from './report.ts';
import { asMarkdown, tableOf } from './table.ts';

const HOW = `Everything runs in namespaces of the bench's own (mounts, network, processes), all peers in the same ones, with
their own data roots, and ends with them. Every round gives each client one turn; times are of the whole command, from
spawn to end. Cells are medians, with the extremes in brackets; less is better unless the row says otherwise. All peers run the same image, a tar of
the distribution's static busybox. \`docker→barged\` is docker's own client speaking to Barge's daemon.`;

export function markdownOf(report: Report): string {
  return `${[
    '# Side by side',
    `Measured ${report.started.toISOString().slice(0, 16).replace('T', ' ')} UTC by \`npm run bench\`.`,
    about(report).join('\n'),
    ...report.sections.map(sectionText),
    '## How it is measured',
    HOW,
    NOISE_RULE,
  ].join('\n\n')}\n`;
}

/** Machine, versions and conditions, one list item each. */
function about({ machine, versions, absent, options, noise }: Report): string[] {
  return [
    `- Machine: ${machine.processors}, ${machine.memory}; ${machine.system}, Linux ${machine.kernel}; ` +
      `${machine.fileSystem}; cgroups ${machine.cgroups}`,
    `- Commit: ${machine.commit}`,
    ...Object.entries(versions).map(
      ([peer, programs]) =>
        `- ${peer}: ${Object.entries(programs)
          .map(([program, version]) => `${program} ${version}`)
          .join(', ')}`,
    ),
    ...Object.entries(absent).map(([peer, why]) => `- ${peer}: not measured: ${why}`),
    `- Rounds: ${roundsText(options)}`,
    `- The machine was ${noiseVerdict(noise)}`,
  ];
}

/** `api 15, run 15, …`, or the number from the command line. */
function roundsText({ runs, suites }: BenchOptions): string {
  const each = SUITES.filter(({ name }) => suites.includes(name)).map(
    ({ name, effort }) => `${name} ${runs ?? effort.runs}`,
  );
  return `${each.join(', ')} (fewer of what takes long)`;
}

function sectionText(section: Section): string {
  const { name, title } = section;
  const notes = section.notes.map((note) => `- ${note}`).join('\n');
  const chart = `![${title.replaceAll('`', '')}](charts/${name}.svg)`;
  return [`## ${title}`, asMarkdown(tableOf(section)), ...(notes ? [notes] : []), chart].join('\n\n');
}
