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

/** Found by running foreign test suites against the daemon, and kept. */
const ON_PURPOSE = [
  '## Deliberate differences from docker',
  '',
  '- `stop` without an explicit grace period (`-t`, `--stop-timeout`, Compose’s `stop_grace_period`) kills immediately when process 1 is the container’s only process and would never receive the signal; docker waits for 10 seconds.',
  '- Containers always outlive the daemon, whatever the value of `--live-restore`.',
  '- After `kill`, only SIGKILL and the stop signal prevent a restart by the restart policy; with docker, any signal does.',
  '- A bind of the data root may have any propagation, because it contains no mounts of containers.',
  '- A missing volume driver fails with 400: with docker’s 404, its client would pull the image, which already exists.',
  '- `build --rm=false` leaves no containers, because steps are not containers.',
  '',
];

/** The text of docs/COMPATIBILITY.md, from the verdicts that the tests have tried. */
export function compatibilityPage(): string {
  return [
    '# What of Docker works',
    '',
    'Generated and checked by `test/compatibility.test.ts`, which tries every line with the real docker client or a',
    'request; after a change run it with `BARGE_UPDATE_DOCS=1`. A refused option fails with an error that names it.',
    'A limit or capability that the host itself lacks is omitted with a warning.',
    '',
    ...section('Flags of `docker run` and `docker create`', Object.entries(RUN_FLAGS).map(flagRow)),
    `Log drivers: ${LOG_DRIVERS.map((name) => `\`${name}\``).join(', ')}. Other drivers are refused by name.`,
    '',
    ...section(
      'Operations of the Engine API 1.56',
      OPERATIONS.map(({ method, path, verdict, because }) => [`${method} ${path}`, verdict, because ?? '']),
    ),
    ...section('Flags of `dockerd`', settingRows()),
    ...ON_PURPOSE,
  ].join('\n');
}
