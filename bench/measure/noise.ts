import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { timeCommand } from './process.ts';
import { relativeSpread, summarize } from './statistics.ts';

/** How quiet the machine must be for meaningful figures. */
const BOUNDS = {
  /** The interquartile range of the fixed workload's times, as a fraction of their median. */
  spread: 0.1,
  /** Fraction of the CPUs that was busy with other work in the second before the bench began. */
  busyBefore: 0.1,
  /** Fraction of the CPUs' time that the hypervisor stole while the bench ran. */
  steal: 0.02,
} as const;

export const NOISE_RULE =
  `A machine counts as quiet when a fixed piece of work (a shell that counts to 10,000, the best of three, in every round) ` +
  `has a middle half no wider than ${percent(BOUNDS.spread)} of its median, at most ${percent(BOUNDS.busyBefore)} of ` +
  `the CPUs was busy in the second before the start, and the hypervisor kept at most ${percent(BOUNDS.steal)} of ` +
  `their time.`;

export interface NoiseReport {
  readonly quiet: boolean;
  readonly spread: number;
  readonly busyBefore: number;
  readonly steal: number;
  /** Milliseconds of the fixed workload. */
  readonly calibration: readonly number[];
}

const FIXED_WORK = {
  file: 'busybox',
  args: ['sh', '-c', 'i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done'],
};

/** Watches the machine while the bench runs. */
export class NoiseWatch {
  readonly #busyBefore: number;
  readonly #start: CpuTimes;
  readonly #calibration: number[] = [];

  private constructor(busyBefore: number) {
    this.#busyBefore = busyBefore;
    this.#start = cpuTimes();
  }

  /** Must be called before the bench runs anything. */
  static async begin(): Promise<NoiseWatch> {
    const before = cpuTimes();
    await sleep(1000);
    const after = cpuTimes();
    return new NoiseWatch(1 - part(before, after, 'idle'));
  }

  /** Runs the fixed workload three times; a previous peer's background work disturbs at most one of them. */
  calibrate(): void {
    this.#calibration.push(Math.min(...Array.from({ length: 3 }, () => timeCommand(FIXED_WORK))));
  }

  report(): NoiseReport {
    while (this.#calibration.length < 10) this.calibrate();
    const measured = {
      spread: relativeSpread(summarize(this.#calibration)),
      busyBefore: this.#busyBefore,
      steal: part(this.#start, cpuTimes(), 'steal'),
    };
    const quiet =
      measured.spread <= BOUNDS.spread &&
      measured.busyBefore <= BOUNDS.busyBefore &&
      measured.steal <= BOUNDS.steal;
    return { quiet, ...measured, calibration: this.#calibration };
  }
}

/** One line for the report. */
export function noiseVerdict(report: NoiseReport): string {
  const figures = noiseFigures(report);
  return report.quiet ? `quiet (${figures})` : `TOO NOISY: take the figures as provisional (${figures})`;
}

export function noiseFigures(report: NoiseReport): string {
  return [
    `fixed work spread ${percent(report.spread)}`,
    `busy before ${percent(report.busyBefore)}`,
    `kept by the hypervisor ${percent(report.steal)}`,
  ].join(', ');
}

interface CpuTimes {
  readonly idle: number;
  readonly steal: number;
  readonly total: number;
}

/** Ticks since boot, of all CPUs together. */
function cpuTimes(): CpuTimes {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const total = user + nice + system + idle + iowait + irq + softirq + steal;
  return { idle: idle + iowait, steal, total };
}

function part(from: CpuTimes, to: CpuTimes, what: 'idle' | 'steal'): number {
  return (to[what] - from[what]) / Math.max(1, to.total - from.total);
}

function percent(part: number): string {
  return `${(100 * part).toFixed(part < 0.095 ? 1 : 0)} %`;
}
