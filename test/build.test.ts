import { after, before, describe, test } from 'node:test';
import { CONFIG_CASES } from './build/cases/config.ts';
import { COPY_CASES } from './build/cases/copy.ts';
import { RUN_CASES } from './build/cases/run.ts';
import { STAGE_CASES } from './build/cases/stages.ts';
import { VARIABLE_CASES } from './build/cases/variables.ts';
import { runCase } from './build/run-case.ts';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
  await daemon.makeBusybox();
});
after(() => daemon.end());

const GROUPS = {
  'files that COPY and ADD take': COPY_CASES,
  'what RUN does and leaves': RUN_CASES,
  'what the image says of itself': CONFIG_CASES,
  'variables, quotes and here-documents': VARIABLE_CASES,
  'stages and where they begin': STAGE_CASES,
};

for (const [title, cases] of Object.entries(GROUPS)) {
  describe(title, { concurrency: 4 }, () => {
    for (const given of cases) test(given.name, () => runCase(daemon, given));
  });
}
