import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SourceTree } from '../src/builder/copy/source-tree.ts';
import { expandWord } from '../src/builder/expand/expand.ts';
import { parseDockerfile } from '../src/builder/parse/dockerfile.ts';
import { planDockerfile } from '../src/builder/plan/plan.ts';
import { filterOf } from '../src/client/build-context/ignore.ts';
import { containerSpec } from '../src/container/default-spec.ts';
import { checkTag, logAttributes } from '../src/container/log/attributes.ts';
import { checkLog } from '../src/container/log/drivers.ts';
import type { ContainerDefinition } from '../src/container/model.ts';
import { PatternMatcher } from '../src/core/patterns/path-rules.ts';
import { parseDuration } from '../src/core/units.ts';
import { patternTest } from '../src/engine/filters.ts';
import { listImages } from '../src/engine/images/inspect.ts';
import { parseChallenges } from '../src/image/remote/challenge.ts';
import { parseChallenge } from '../src/registry/proxy/challenge.ts';
import { parsePolicies, rulesFor, tagsToDrop } from '../src/registry/retention.ts';

/** Milliseconds. What backtracks would need longer than the universe has been there. */
const PATIENCE = 120_000;

const STARS = `${'*a'.repeat(30)}*b`;
const LONG = 'a'.repeat(250);
const expand = (text: string, value = 'a'.repeat(2000)) =>
  expandWord(text, (name) => (name === 'A' ? value : undefined), { escapeChar: '\\' });
const image = { id: 'sha256:0', config: { created: '2026-01-01T00:00:00Z', config: {} } };

/** What each place does with the worst that comes from outside. Each returns something that the test checks. */
const PLACES: Record<string, { run: () => unknown; expected: unknown }> = {
  'prefixes of variables': { run: () => expand(`\${A##${STARS}}`).length, expected: 2000 },
  'suffixes of variables': { run: () => expand(`\${A%%b${STARS}}`).length, expected: 2000 },
  'replacements in variables': { run: () => expand(`\${A//${STARS}/x}`).length, expected: 2000 },
  'many replacements': { run: () => expand(`\${A//a*b/x}`, 'a'.repeat(100_000)).length, expected: 100_000 },
  'variables that double themselves': {
    run: () => {
      let value = 'a'.repeat(1000);
      try {
        for (let i = 0; i < 60; i++) value = expand('$A$A', value);
      } catch (error) {
        return (error as Error).message.includes('expands to more than');
      }
      return value.length;
    },
    expected: true,
  },
  'COPY with wildcards': {
    run: async () => {
      const root = mkdtempSync(join(tmpdir(), 'barge-patterns-'));
      try {
        writeFileSync(join(root, LONG), '');
        return await new SourceTree(root, { isContext: true }).glob(STARS);
      } finally {
        rmSync(root, { recursive: true });
      }
    },
    expected: [],
  },
  '.dockerignore and --exclude in the daemon': {
    run: () =>
      new PatternMatcher([STARS, `${'**/a'.repeat(30)}/b`]).judge(`a/${LONG}/${'a/'.repeat(60)}a`).matched,
    expected: false,
  },
  '.dockerignore in the client': {
    run: () =>
      filterOf(`${STARS}\n${'**/a/'.repeat(30)}b`, new Set()).ignores(`${LONG}/${'a/'.repeat(200)}a`),
    expected: false,
  },
  'retention rules for repositories': {
    run: () => rulesFor(LONG, parsePolicies([{ repositories: [STARS], keepLast: 1 }])).length,
    expected: 0,
  },
  'retention rules for tags': {
    run: () => tagsToDrop([{ tag: LONG, at: 0 }], [{ tags: [STARS], keepLast: 0 }], 1),
    expected: [],
  },
  'filters by name': { run: () => patternTest('^(a|a)*(a*)*b$')(LONG), expected: false },
  'options of log drivers': {
    run: () => {
      const options = { 'labels-regex': '^(a+)+$', 'env-regex': '^(a?){50}a{50}b' };
      const log = { driver: 'json-file', options };
      checkLog(log);
      const spec = containerSpec({
        log,
        labels: { [`${LONG}!`]: 'x' },
        process: { env: [`${LONG}=y`] },
      });
      return logAttributes({ spec } as ContainerDefinition);
    },
    expected: {},
  },
  'tags of log lines': {
    run: () => {
      try {
        checkTag(`{{${' '.repeat(20_000)}`.repeat(5));
      } catch (error) {
        return (error as Error).message.endsWith('unclosed action');
      }
      return undefined;
    },
    expected: true,
  },
  'filters by reference': {
    run: () =>
      listImages(
        {
          images: {
            allNames: () => new Map([[image.id, { tags: [`${LONG}:latest`], digests: [] }]]),
            list: () => [image],
          },
          containers: { list: () => [] },
        } as unknown as Parameters<typeof listImages>[0],
        { filters: new Map([['reference', [STARS]]]), all: true, digests: false },
      ),
    expected: [],
  },
  'white space within lines of a Dockerfile': {
    run: () => parseDockerfile(`FROM scratch\nLABEL a="${' '.repeat(1_000_000)}x"\n`).stages.length,
    expected: 1,
  },
  'white space within directives': {
    run: () => parseDockerfile(`# syntax=x${' '.repeat(1_000_000)}y\nFROM scratch\n`).stages.length,
    expected: 1,
  },
  'challenges of registries': {
    run: () => parseChallenges(`basic, x="${'a\\"'.repeat(2600)}`).map(({ scheme }) => scheme),
    expected: ['basic'],
  },
  'challenges of what a proxy asks': {
    run: () => parseChallenge(`basic ${'a'.repeat(200_000)}`)?.scheme,
    expected: 'basic',
  },
  'many substitutions, beside other work': {
    run: async () => {
      const heavy = `ARG B=\${A##${'*a'.repeat(200)}*b}\n`;
      const text = `ARG A=${'a'.repeat(2000)}\n${heavy.repeat(60)}FROM scratch\n${heavy.repeat(60)}`;
      let turns = 0;
      const beside = setInterval(() => turns++, 1);
      const base = async () => {
        throw new TypeError('scratch is not asked for');
      };
      await planDockerfile(parseDockerfile(text), {}, base);
      clearInterval(beside);
      return turns > 1;
    },
    expected: true,
  },
  'patterns of a length that nobody needs': {
    run: () => {
      try {
        return new PatternMatcher(['**/*'.repeat(1_000_000)]);
      } catch (error) {
        return (error as { kind?: string }).kind;
      }
    },
    expected: 'invalid-parameter',
  },
  durations: {
    run: () => {
      try {
        return parseDuration('1'.repeat(200_000));
      } catch (error) {
        return (error as { kind?: string }).kind;
      }
    },
    expected: 'invalid-parameter',
  },
};

if (isMainThread) {
  for (const [name, { expected }] of Object.entries(PLACES)) {
    test(`hostile patterns do not hang: ${name}`, async () => {
      const worker = new Worker(import.meta.filename, { workerData: name });
      const timer = setTimeout(() => worker.terminate(), PATIENCE);
      try {
        const message: unknown = await Promise.race([
          once(worker, 'message').then(([result]) => result as unknown),
          once(worker, 'exit').then(() => 'ended without a result'),
        ]);
        assert.deepEqual(message, { result: expected });
      } finally {
        clearTimeout(timer);
        await worker.terminate();
      }
    });
  }
} else {
  const result: unknown = await PLACES[String(workerData)]?.run();
  parentPort?.postMessage({ result });
}
