/**
 * The one gate: format, lint, types, layers, C programs, unit and end-to-end tests, in this order, up to the first
 * failure. `npm test` runs it; so does CI. Words on the command line choose steps by name: `npm test -- types unit`.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { becomeRoot } from './as-root.ts';
import { dockerClient } from './docker-cli.ts';
import { imageTools } from './image-tools.ts';
import { postgresql } from './postgresql.ts';
import { sshServer } from './ssh-server.ts';

const ROOT = join(import.meta.dirname, '..');
const SANITIZED = join(ROOT, 'dist/bin/sanitized');

/** Time limit of one test, in seconds; a test that exceeds it is reported by name. */
const TEST_LIMIT = 120;

type Command = readonly [program: string, ...args: string[]];
type Environment = Readonly<Record<string, string>>;

interface Step {
  readonly name: string;
  readonly command: () => Command;
  readonly environment?: () => Environment;
  /** Seconds after which the step counts as hanging; a minute by default. */
  readonly limit?: number;
}

const node = (...args: string[]): Command => [process.execPath, ...process.execArgv, ...args];

/** Fails for patterns that match no file: a gate that tests nothing must not pass. */
const nodeTest =
  (...patterns: string[]) =>
  (): Command => {
    const files = globSync(patterns, { cwd: ROOT }).sort();
    if (files.length === 0) throw new Error(`no test matches ${patterns.join(' ')}`);
    return node('--test', '--test-concurrency=2', `--test-timeout=${TEST_LIMIT * 1000}`, ...files);
  };

/** The docker client, SSH server and image tools for the end-to-end tests, when the PATH has none. */
const withPrograms = (): Environment => {
  sshServer();
  imageTools();
  postgresql();
  return { PATH: `${process.env.PATH}${delimiter}${dirname(dockerClient())}` };
};

const STEPS: readonly Step[] = [
  { name: 'style', command: () => ['./tools/biome', 'ci', '--error-on-warnings', '.'] },
  {
    name: 'spelling',
    command: () =>
      node('node_modules/cspell/bin.mjs', '--no-progress', '--quiet', '--no-must-find-files', '**'),
    limit: 120,
  },
  { name: 'c-style', command: () => node('tools/c-style.ts') },
  { name: 'test-packages', command: () => node('tools/test-packages.ts'), limit: 180 },
  { name: 'types', command: () => node('node_modules/typescript/bin/tsc', '-p', '.') },
  { name: 'layers', command: nodeTest('tools/layering.test.ts') },
  { name: 'native-build', command: () => ['make', '-C', 'native', 'all', 'sanitized'] },
  {
    name: 'native',
    command: nodeTest('native/**/*.test.ts'),
    limit: 120,
    environment: () => ({ BARGE_LIBEXEC: SANITIZED }),
  },
  {
    name: 'unit',
    command: nodeTest(
      'src/**/*.test.ts',
      'fuzz/*.test.ts',
      'tools/!(layering).test.ts',
      'bench/**/*.test.ts',
    ),
    /* Some hundred processes load the same modules. */
    environment: () => ({ NODE_COMPILE_CACHE: join(ROOT, '.cache/compile') }),
    limit: 480,
  },
  /* It counts system calls, not time, so a busy machine does not matter. */
  { name: 'hot-paths', command: () => node('bench/main.ts', '--check'), limit: 120 },
  { name: 'end-to-end', command: nodeTest('test/**/*.test.ts'), environment: withPrograms, limit: 1080 },
];

function chosen(names: readonly string[]): readonly Step[] {
  const unknown = names.find((name) => !STEPS.some((step) => step.name === name));
  if (unknown) throw new Error(`no step "${unknown}": want ${STEPS.map((step) => step.name).join(', ')}`);
  return names.length === 0 ? STEPS : STEPS.filter((step) => names.includes(step.name));
}

/** Seconds since `start`, a time of `performance.now()`. */
const since = (start: number) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

function passes(step: Step): boolean {
  const start = performance.now();
  process.stdout.write(`\n== ${step.name}\n`);
  const complaint = complaintOf(step);
  const outcome = complaint === undefined ? 'passed' : `FAILED (${complaint})`;
  process.stdout.write(`== ${step.name} ${outcome} in ${since(start)}\n`);
  return complaint === undefined;
}

/** The reason of the failure; undefined when the step passed. */
function complaintOf({ command, environment, limit = 60 }: Step): string | undefined {
  try {
    const [program, ...args] = command();
    const env = { ...process.env, ...environment?.() };
    const { status, signal, error } = spawnSync(program, args, {
      cwd: ROOT,
      stdio: 'inherit',
      env,
      timeout: limit * 1000,
    });
    if (error && 'code' in error && error.code === 'ETIMEDOUT') return `not done after ${limit} s`;
    return status === 0 ? undefined : (error?.message ?? signal ?? `exit code ${status}`);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

becomeRoot();
const start = performance.now();
const failed = chosen(process.argv.slice(2)).find((step) => !passes(step));
process.stdout.write(`\n== gate ${failed ? `FAILED at ${failed.name}` : 'passed'} in ${since(start)}\n`);
process.exitCode = failed ? 1 : 0;
