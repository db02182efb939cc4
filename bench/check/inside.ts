/** The guard itself: runs in the namespaces of `stage/outside.ts`; its only argument is the request as JSON. */
import { messageOf, systemError, unavailable } from '../../src/core/errors.ts';
import { strace } from '../../tools/strace.ts';
import { barge } from '../peers/barge.ts';
import { furnish } from '../stage/furnish.ts';
import type { Stage } from '../stage/stage.ts';
import { overspent, readBudget, writeBudget } from './budget.ts';
import { countPath } from './count.ts';
import { hotPaths } from './paths.ts';
import type { Counts } from './trace.ts';

interface Request {
  readonly stage: Stage;
  readonly record: boolean;
}

async function main({ stage, record }: Request): Promise<void> {
  const tracer = strace();
  if (!tracer) throw unavailable('the guard counts system calls with strace: apt-get install strace');
  furnish(stage);
  await using peer = await barge.start(stage);
  const counted: Record<string, Counts> = {};
  for (const path of await hotPaths(stage, peer)) {
    counted[path.name] = await countPath(stage, tracer, peer.daemon?.pid ?? 0, path);
    process.stdout.write(`bench: ${path.name}: ${inWords(counted[path.name] as Counts)}\n`);
  }
  if (record) return writeBudget(counted);
  const complaints = overspent(counted, readBudget());
  if (complaints.length > 0)
    throw systemError(
      `hot paths cost more system calls than their budget allows:\n  ${complaints.join('\n  ')}\n` +
        'Find the new calls with strace; or, if they are intended, record them by `npm run bench -- --check --record`, and say ' +
        'why in the commit',
    );
  process.stdout.write('bench: all hot paths are within their budget\n');
}

const inWords = (counts: Counts) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');

main(JSON.parse(process.argv[2] ?? '{}')).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`bench: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
