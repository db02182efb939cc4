import { parseArgs } from 'node:util';
import { invalidParameter, messageOf } from '../src/core/errors.ts';
import { PEERS } from './peers/catalog.ts';
import { SUITES } from './suites/catalog.ts';

/** The options of a run. Plain data, because the outer process passes them into the namespaces as JSON. */
export interface BenchOptions {
  readonly suites: readonly string[];
  readonly peers: readonly string[];
  /** Numbers of counted and of warm-up rounds; when undefined, each suite's default. */
  readonly runs?: number;
  readonly warmup?: number;
  /** Number of idle containers of peers in the suite `crowd`; Barge runs more. */
  readonly containers: number;
  /** Also shows the figures of a noisy machine, but does not write RESULTS.md. */
  readonly allowNoise: boolean;
}

export type Parsed =
  | { readonly kind: 'help' }
  | { readonly kind: 'setup-peers' }
  | { readonly kind: 'check'; readonly record: boolean }
  | { readonly kind: 'measure'; readonly options: BenchOptions };

const FLAGS = {
  'allow-noise': { type: 'boolean', default: false },
  check: { type: 'boolean' },
  containers: { type: 'string', default: '200' },
  help: { type: 'boolean', short: 'h' },
  peers: { type: 'string' },
  record: { type: 'boolean', default: false },
  runs: { type: 'string' },
  'setup-peers': { type: 'boolean' },
  warmup: { type: 'string' },
} as const;

const suiteNames = SUITES.map((suite) => suite.name);
const peerNames = PEERS.map((peer) => peer.name);

export const HELP = `Usage: npm run bench [-- [OPTIONS] [SUITE...]]

Measures Barge beside the peers installed here: each in turn, on the same machine, in the same namespaces.
Suites: ${suiteNames.join(', ')} (default: all)

Options:
      --allow-noise     Show figures even if the machine was too noisy to tell; RESULTS.md is left as it is
      --check           Count the system calls of hot paths, hold them against bench/check/budget.json, and end
      --containers N    Idle containers of each peer in the suite crowd (default ${FLAGS.containers.default})
      --peers LIST      Only these, separated by commas: ${peerNames.join(', ')} (default: all installed)
      --record          With --check: write what was counted into the budget
      --runs N          Counted rounds (default: each suite's own number)
      --setup-peers     Install the distribution's peers by apt, and end
      --warmup N        Rounds before those, not counted (default: each suite's own number)
  -h, --help            This text
`;

/** @throws BargeError invalid-parameter naming what is wrong. */
export function parseOptions(args: readonly string[]): Parsed {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: 'help' };
  if (values['setup-peers']) return { kind: 'setup-peers' };
  if (values.check) return { kind: 'check', record: values.record };
  const options = {
    suites: chosen('suite', positionals, suiteNames),
    peers: chosen('peer', values.peers?.split(',') ?? [], peerNames),
    ...(values.runs !== undefined && { runs: count('runs', values.runs, 1) }),
    ...(values.warmup !== undefined && { warmup: count('warmup', values.warmup, 0) }),
    containers: count('containers', values.containers, 10),
    allowNoise: values['allow-noise'],
  };
  return { kind: 'measure', options };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw invalidParameter(`${messageOf(error).split('.')[0]} (see npm run bench -- --help)`, {
      cause: error,
    });
  }
}

function chosen(what: string, wanted: readonly string[], known: readonly string[]): readonly string[] {
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw invalidParameter(`unknown ${what} "${unknown}": want one of ${known.join(', ')}`);
  }
  return wanted.length === 0 ? known : known.filter((name) => wanted.includes(name));
}

function count(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw invalidParameter(`--${flag} must be an integer of at least ${least}, not "${text}"`);
  return value;
}
