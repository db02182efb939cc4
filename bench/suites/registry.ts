import { join } from 'node:path';
import { processTrees, sumOfPss } from '../measure/memory.ts';
import { runToEnd } from '../measure/process.ts';
import { presentRegistries, type RegistryKind, startRegistry } from '../peers/registries.ts';
import type { Stage } from '../stage/stage.ts';
import { type Figures, playRounds, type Unit } from './rounds.ts';
import type { Section, Suite, Workshop } from './suite.ts';

/** The registry servers, measured by the same client. */
export const registrySuite: Suite = { name: 'registry', effort: { warmup: 1, runs: 5 }, measure };

const BLOB_MIB = 64;
const BLOBS = 8;
const REQUESTS = 10_000;
const CONNECTIONS = 64;
const MB = 1e6;

const UNITS: Record<string, Unit> = {
  'blobs up': 'MB/s',
  'blobs down': 'MB/s',
  'manifest requests': '1/s',
  'the slowest hundredth of them takes': 'ms',
  'memory when idle': 'MB',
  'memory after all this': 'MB',
};

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const figures = await playRounds(workshop, {
    title: 'registry',
    contestants: presentRegistries(),
    turn: (kind) => turn(workshop.stage, kind),
  });
  return [
    {
      name: 'registry',
      title: `Registries: ${BLOBS} blobs of ${BLOB_MIB} MiB, 4 at a time; manifests over ${CONNECTIONS} connections`,
      rows: Object.entries(figures).map(([label, samples]) => {
        const unit = UNITS[label] ?? 'ms';
        return { label, unit, ...(unit.endsWith('/s') && { more: true as const }), samples };
      }),
      notes: [
        `A new server each time, on this machine, without TLS; ${REQUESTS.toLocaleString('en')} requests. The client ` +
          'takes one of the CPUs.',
      ],
    },
  ];
}

async function turn(stage: Stage, kind: RegistryKind): Promise<Figures> {
  await using server = await startRegistry(stage, kind);
  const memory = () => sumOfPss(processTrees([server.pid])) / MB;
  const idle = memory();
  const script = join(import.meta.dirname, '../measure/registry-load.mjs');
  const numbers = [BLOB_MIB, BLOBS, REQUESTS, CONNECTIONS].map(String);
  runToEnd({ file: 'sync', args: [] });
  const said = runToEnd({ file: process.execPath, args: [script, server.address, ...numbers] });
  const { up, down, perSecond, slow } = JSON.parse(said);
  return {
    'blobs up': up / MB,
    'blobs down': down / MB,
    'manifest requests': perSecond,
    'the slowest hundredth of them takes': slow,
    'memory when idle': idle,
    'memory after all this': memory(),
  };
}
