import { summarize } from '../../measure/statistics.ts';
import type { Row, Section, Suite, Workshop } from '../suite.ts';
import { type CrowdFigures, measureCrowd, POINTS } from './measure.ts';

/** The cost of many containers: starting, listing, running and adopting. Each peer runs the whole suite in turn. */
export const crowdSuite: Suite = { name: 'crowd', effort: { warmup: 0, runs: 10 }, measure };

/** Barge is cheap enough to measure more. */
const OWN = 'barge';

type Crowds = ReadonlyMap<string, CrowdFigures>;

const MB = 1e6;
const KB = 1e3;

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const crowds = new Map<string, CrowdFigures>();
  const { containers } = workshop.options;
  for (const peer of workshop.peers) {
    const most = peer.name === OWN ? Math.ceil((containers * POINTS.most) / POINTS.many) : containers;
    workshop.say(`${most} containers of ${peer.name}`);
    workshop.noise.calibrate();
    crowds.set(peer.name, await measureCrowd(peer, most, workshop));
  }
  return [manySection(crowds), listSection(crowds), memorySection(crowds), restartSection(crowds)];
}

function row(
  crowds: Crowds,
  label: string,
  unit: string,
  value: (f: CrowdFigures) => readonly number[],
): Row {
  return {
    label,
    unit,
    samples: Object.fromEntries([...crowds].map(([name, figures]) => [name, value(figures)])),
  };
}

function manySection(crowds: Crowds): Section {
  return {
    name: 'crowd',
    title: `${POINTS.timed} containers, 8 at a time, by a fresh client each`,
    rows: [
      row(crowds, 'run -d, all', 's', (f) => [f.start / 1000]),
      row(crowds, 'stop -t 0, all', 's', (f) => [f.stop / 1000]),
      row(crowds, 'rm, all', 's', (f) => [f.remove / 1000]),
    ],
    notes: [`With ${POINTS.few} that run already; on the default bridge.`],
  };
}

function listSection(crowds: Crowds): Section {
  const points = (key: 'lists' | 'inspects') =>
    [...new Set([...crowds.values()].flatMap((f) => Object.keys(f[key])))].map(Number);
  const lists = points('lists').map((n) => row(crowds, `ps -a, ${n}`, 'ms', (f) => f.lists[n] ?? []));
  const inspects = points('inspects').map((n) =>
    row(crowds, `inspect one of ${n}`, 'ms', (f) => f.inspects[n] ?? []),
  );
  const many = points('lists').find((n) => n > 0) ?? 0;
  const growth = row(crowds, `ps -a, ${many} ÷ none`, '×', ({ lists: times }) =>
    times[many] && times[0] ? [summarize(times[many]).median / summarize(times[0]).median] : [],
  );
  return {
    name: 'lists',
    title: 'Lists of many containers',
    rows: [...lists, growth, ...inspects],
    notes: ['Of the last ones, some do not run; podman, which makes them slowly, is not asked.'],
  };
}

function memorySection(crowds: Crowds): Section {
  const counts = [...new Set([...crowds.values()].flatMap((f) => f.weights.map((w) => w.containers)))];
  const each = (f: CrowdFigures, count: number, part: 'keepers' | 'daemon' | 'both'): readonly number[] => {
    const [first, weight] = [f.weights[0], f.weights.find((w) => w.containers === count)];
    if (!first || !weight) return [];
    const growth = part === 'keepers' ? 0 : weight.daemon - first.daemon;
    return [(growth + (part === 'daemon' ? 0 : weight.keepers)) / count / KB];
  };
  const largest = counts.find((n) => n > POINTS.few) ?? 0;
  return {
    name: 'memory',
    title: 'Memory, as proportional set size (PSS), with idle `sleep` containers on the bridge',
    rows: [
      row(crowds, 'daemon, no container', 'MB', (f) => [(f.weights[0]?.daemon ?? 0) / MB]),
      ...counts
        .filter((n) => n > 0)
        .map((n) => row(crowds, `each of ${n} containers`, 'kB', (f) => each(f, n, 'both'))),
      row(crowds, `each of ${largest}: processes that come with it`, 'kB', (f) =>
        each(f, largest, 'keepers'),
      ),
      row(crowds, `each of ${largest}: the daemon's growth`, 'kB', (f) => each(f, largest, 'daemon')),
    ],
    notes: [
      "The container's own process is not counted, nor is what the kernel holds for it.",
      'Daemon: all its processes, after a start and 20 containers. A heap that shrinks makes the growth negative.',
      ...[...crowds].map(
        ([name, { weights }]) => `Processes that come with ${name}'s containers: ${weights.at(-1)?.names}.`,
      ),
    ],
  };
}

function restartSection(crowds: Crowds): Section {
  const daemons = new Map([...crowds].filter(([, f]) => f.restarts[0]?.length));
  const points = [...new Set([...daemons.values()].flatMap((f) => Object.keys(f.restarts)))];
  return {
    name: 'restart',
    title: 'The daemon from its start until it lists containers that have lived on',
    rows: points.map((n) => row(daemons, `${n} containers`, 'ms', (f) => f.restarts[Number(n)] ?? [])),
    notes: ['Docker with `live-restore`; with Barge that is how it is.'],
  };
}
