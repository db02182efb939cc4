import { LOG_DRIVERS } from '../../src/container/log/drivers.ts';
import { SETTINGS } from '../../src/daemon/options/table.ts';
import { OPERATIONS } from './operations.ts';
import { RUN_FLAGS, type Verdict } from './run-flags.ts';

type Row = readonly [name: string, verdict: 'works' | 'refused' | 'not applicable', because: string];

function flagRow([name, verdict]: [string, Verdict]): Row {
  if ('works' in verdict) return [`--${name}`, 'works', ''];
  if ('refused' in verdict) return [`--${name}`, 'refused', verdict.because];
  return [`--${name}`, 'not applicable', verdict.other];
}

function settingRows(): Row[] {
  return SETTINGS.filter(({ kind }) => kind !== 'json').map(({ name, refused, idle }): Row => {
    if (refused) return [`--${name}`, 'refused', refused];
    return idle ? [`--${name}`, 'not applicable', idle] : [`--${name}`, 'works', ''];
  });
}

function section(title: string, rows: readonly Row[]): string[] {
  const count = (verdict: Row[1]) => rows.filter((row) => row[1] === verdict).length;
  const works = rows.filter((row) => row[1] === 'works').map(([name]) => `\`${name}\``);
  const others = rows.filter((row) => row[1] !== 'works');
  return [
    `## ${title}`,
    '',
    `${rows.length}: ${count('works')} work, ${count('refused')} are refused with a reason, ${count('not applicable')} do not apply.`,
    '',
    `Work: ${works.join(', ')}.`,
    '',
    ...(others.length > 0 ? ['| | | why |', '| --- | --- | --- |'] : []),
    ...others.map(([name, verdict, because]) => `| \`${name}\` | ${verdict} | ${because} |`),
    '',
  ];
}

/** Found by running other people's suites against the daemon, and left so. */
const ON_PURPOSE = [
  '## Other than docker, on purpose',
  '',
  '- `stop` without a grace period of its own (`-t`, `--stop-timeout`, Compose’s `stop_grace_period`) kills at once when process 1 of the container is alone and would never see the signal; docker waits for 10 seconds.',
  '- Containers never end with the daemon, whatever `--live-restore` says.',
  '- Only SIGKILL and the stop signal count as a wish that the container stays down; docker takes any signal of `kill` so.',
  '- A bind of the data root may have any propagation: no mount of a container is in it.',
  '- A volume driver that is not there is answered with 400: at docker’s 404 its client pulls the image, which is there.',
  '- `build --rm=false` leaves no containers: steps are none.',
  '',
];

/** The text of docs/COMPATIBILITY.md, from the verdicts that the tests have tried. */
export function compatibilityPage(): string {
  return [
    '# What of Docker works',
    '',
    'Made and checked by `test/compatibility.test.ts`, which tries every line with the real docker client or a request',
    'of its own; after a change run it with `BARGE_UPDATE_DOCS=1`. What is refused is refused by an error that names the',
    'option. A limit or capability that the host itself lacks is left out with a warning.',
    '',
    ...section('Flags of `docker run` and `docker create`', Object.entries(RUN_FLAGS).map(flagRow)),
    `Log drivers: ${LOG_DRIVERS.map((name) => `\`${name}\``).join(', ')}. Others are refused by name.`,
    '',
    ...section(
      'Operations of the Engine API 1.56',
      OPERATIONS.map(({ method, path, verdict, because }) => [`${method} ${path}`, verdict, because ?? '']),
    ),
    ...section('Flags of `dockerd`', settingRows()),
    ...ON_PURPOSE,
  ].join('\n');
}
