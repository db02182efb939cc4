/** The bench itself: runs in the namespaces of `outside.ts`; its only argument is the request as JSON. */
import { messageOf, systemError } from '../../src/core/errors.ts';
import { NoiseWatch } from '../measure/noise.ts';
import type { BenchOptions } from '../options.ts';
import { PEERS } from '../peers/catalog.ts';
import type { Peer } from '../peers/peer.ts';
import { presentRegistries } from '../peers/registries.ts';
import { describeMachine } from '../report/machine.ts';
import { writeReport } from '../report/write.ts';
import { SUITES } from '../suites/catalog.ts';
import type { Section } from '../suites/suite.ts';
import { furnish } from './furnish.ts';
import type { Stage } from './stage.ts';

interface Request {
  readonly stage: Stage;
  readonly options: BenchOptions;
}

const say = (line: string) => {
  process.stdout.write(`bench: ${line}\n`);
};

async function main({ stage, options }: Request): Promise<void> {
  const started = new Date();
  furnish(stage);
  const noise = await NoiseWatch.begin();
  await using cast = new AsyncDisposableStack();
  const { peers, absent } = await startPeers(stage, options, cast);
  const sections: Section[] = [];
  const failures: Record<string, string> = {};
  for (const suite of SUITES.filter(({ name }) => options.suites.includes(name))) {
    const began = performance.now();
    const { warmup = suite.effort.warmup, runs = suite.effort.runs } = options;
    const workshop = { stage, peers, options, effort: { warmup, runs }, noise, say };
    try {
      sections.push(...(await suite.measure(workshop)));
    } catch (error) {
      failures[suite.name] = messageOf(error);
      say(`${suite.name} FAILED: ${messageOf(error)}`);
    }
    say(`${suite.name} took ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  const versions = Object.fromEntries([
    ...peers.map((peer) => [peer.name, peer.versions] as const),
    [
      'registries',
      Object.fromEntries(presentRegistries().map((kind) => [kind.program, kind.version()])),
    ] as const,
  ]);
  const machine = describeMachine(stage.directory);
  writeReport({ started, machine, versions, absent, options, noise: noise.report(), sections, failures });
  const failed = Object.keys(failures);
  if (failed.length > 0) throw systemError(`failed: ${failed.join(', ')} (see above)`);
}

async function startPeers(stage: Stage, options: BenchOptions, cast: AsyncDisposableStack) {
  const peers: Peer[] = [];
  const absent: Record<string, string> = {};
  for (const kind of PEERS.filter(({ name }) => options.peers.includes(name))) {
    const missing = kind.missing();
    if (missing !== undefined) absent[kind.name] = missing;
    say(missing === undefined ? `starting ${kind.name}` : `without ${kind.name}: ${missing}`);
    if (missing === undefined) peers.push(cast.use(await kind.start(stage)));
  }
  return { peers, absent };
}

main(JSON.parse(process.argv[2] ?? '{}')).catch((error) => {
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
