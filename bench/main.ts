/** `npm run bench`: compares Barge with the installed peers. See bench/README.md. */
import { messageOf } from '../src/core/errors.ts';
import { becomeRoot } from '../tools/as-root.ts';
import { HELP, parseOptions } from './options.ts';
import { setupPeers } from './peers/setup.ts';
import { runOnStage } from './stage/outside.ts';

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  becomeRoot();
  if (parsed.kind === 'setup-peers') return setupPeers();
  return parsed.kind === 'check'
    ? runOnStage('check', { record: parsed.record })
    : runOnStage('stage', { options: parsed.options });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`bench: ${messageOf(error)}\n`);
    process.exitCode = 1;
  },
);
