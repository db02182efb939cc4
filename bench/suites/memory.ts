import { setTimeout as sleep } from 'node:timers/promises';
import { allPids, commandName, processTree, sumOfPss } from '../measure/memory.ts';
import { runToEnd } from '../measure/process.ts';
import type { Peer, Subject } from '../peers/peer.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

export const memorySuite: Suite = { name: 'memory', measure };

/** Lets garbage be collected and helpers that are about to end do so. */
const SETTLE_MS = 3000;

const MB = 1e6;
const KB = 1e3;

/** Bytes. */
interface Figures {
  readonly peer: string;
  readonly daemon: number;
  readonly keepersEach: number;
  readonly growthEach: number;
  readonly keepers: string;
}

async function measure(workshop: Workshop): Promise<Section> {
  const { containers } = workshop.options;
  const figures: Figures[] = [];
  for (const peer of workshop.peers) {
    workshop.say(`memory of ${peer.name} with ${containers} idle containers`);
    figures.push(await weigh(peer, containers));
  }
  const row = (label: string, unit: string, value: (f: Figures) => number): Row => ({
    label,
    unit,
    samples: Object.fromEntries(figures.map((f) => [f.peer, [value(f)]])),
  });
  return {
    suite: 'memory',
    title: `Memory, as proportional set size (PSS), with ${containers} idle \`sleep\` containers on the bridge`,
    rows: [
      row('daemon, no container', 'MB', (f) => f.daemon / MB),
      row('per container: processes that come with it', 'kB', (f) => f.keepersEach / KB),
      row("per container: the daemon's growth", 'kB', (f) => f.growthEach / KB),
      row('per container: both', 'kB', (f) => (f.keepersEach + f.growthEach) / KB),
    ],
    notes: [
      "The container's own process is not counted, nor is what the kernel holds for it.",
      'Daemon: all its processes, after the suites before this one. A heap that shrinks makes the growth negative.',
      ...figures.map((f) => `Processes that come with ${f.peer}'s containers: ${f.keepers}.`),
    ],
  };
}

async function weigh(peer: Peer, count: number): Promise<Figures> {
  const client = peer.subjects[0] as Subject;
  await sleep(SETTLE_MS);
  const daemonPids = peer.daemonPid === undefined ? new Set<number>() : processTree(peer.daemonPid);
  const before = allPids();
  const daemonBefore = sumOfPss(daemonPids);
  const names = Array.from({ length: count }, (_, i) => `bench-idle-${i}`);
  try {
    for (const name of names) startIdle(client, name);
    await sleep(SETTLE_MS);
    const inside = new Set(names.flatMap((name) => [...processTree(containerPid(client, name))]));
    const keepers = [...allPids()].filter((pid) => !before.has(pid) && !inside.has(pid));
    return {
      peer: client.name,
      daemon: daemonBefore,
      keepersEach: sumOfPss(keepers) / count,
      growthEach: (sumOfPss(daemonPids) - daemonBefore) / count,
      keepers: tally(keepers.map(commandName).filter(Boolean)),
    };
  } finally {
    runToEnd(client.command(['rm', '--force', ...names]));
  }
}

function startIdle(client: Subject, name: string): void {
  runToEnd(client.command(['run', '--detach', '--name', name, 'busybox', 'sleep', '3600']));
}

function containerPid(client: Subject, name: string): number {
  return Number(runToEnd(client.command(['inspect', '--format', '{{.State.Pid}}', name])));
}

/** `20 × barge-shim, 1 × nft`. */
function tally(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].map(([name, all]) => `${all.length} × ${name}`).join(', ') || 'none';
}
