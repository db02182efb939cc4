/**
 * The main use case from end to end, with visible commands: Dockerfile → image → container → registry → a second
 * engine, and afterwards nothing is left except one directory. `npm run quickstart`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { becomeRoot } from './as-root.ts';
import { baseImage, DIRECTORY, enginePlace, ROOT } from './quickstart/place.ts';
import { Engine, Registry } from './quickstart/server.ts';
import { check, say, since, step } from './quickstart/story.ts';
import { defaultPlaces, linksStillThere, look, type Traces } from './quickstart/traces.ts';

const PACKAGES = 'make,python3,python-is-python3';
const RESPONSE_MS = 10_000;
const EXAMPLE = 'examples/hello';

const FIRST = enginePlace('a');
const SECOND = enginePlace('b');
const PLACES = [FIRST, SECOND];

/** Running programs, for the clean-up in any case. */
const engines: Engine[] = [];
const registries: Registry[] = [];

async function startFirst(signal: AbortSignal): Promise<{ engine: Engine; registry: Registry }> {
  const engine = await Engine.start(FIRST, signal, (started) => engines.push(started));
  const registry = await Registry.start();
  registries.push(registry);
  return { engine, registry };
}

async function makeBase(engine: Engine, base: string): Promise<void> {
  const there = await engine.barge('images', '--quiet', base);
  if (there) say(`   ${base} is there from an earlier run: kept`);
  else await engine.barge('bootstrap', base, '--include', PACKAGES);
}

/** The example's Dockerfile; on another release, with its first line changed. */
function dockerfileFor(base: string): string {
  const path = join(EXAMPLE, 'Dockerfile');
  const text = readFileSync(join(ROOT, path), 'utf8');
  if (text.startsWith(`FROM ${base}\n`)) return path;
  const changed = join(DIRECTORY, 'Dockerfile');
  writeFileSync(changed, text.replace(/^FROM .*/, `FROM ${base}`));
  return changed;
}

/** Runs `image` with a published port. @returns the page that it serves. */
async function serve(engine: Engine, name: string, image: string): Promise<string> {
  const settings = ['--name', name, '--hostname', 'hello', '--init', '--publish', '127.0.0.1::8000'];
  await engine.barge('run', '--detach', ...settings, image);
  const address = await engine.barge('port', name, '8000/tcp');
  const page = await fetchPage(`http://${address}/`);
  check(`http://${address}/ answers: ${/<h1>(.*)<\/h1>/.exec(page)?.[1]}`, page.includes('Hello from Barge'));
  return page;
}

/** The service needs a moment to start. */
async function fetchPage(url: string): Promise<string> {
  const start = performance.now();
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(RESPONSE_MS) });
      return await response.text();
    } catch (error) {
      if (performance.now() - start > RESPONSE_MS)
        throw new Error(`${url} does not answer`, { cause: error });
      await pause(50);
    }
  }
}

async function useContainer(engine: Engine): Promise<string> {
  const page = await serve(engine, 'hello', 'hello');
  await engine.barge('logs', 'hello');
  await engine.barge('ps');
  await engine.barge('exec', 'hello', 'python', '--version');
  await engine.barge('stop', 'hello');
  await engine.barge('rm', 'hello');
  return page;
}

/** @returns the digest of the image in the registry. */
async function push(engine: Engine, reference: string): Promise<string> {
  await engine.barge('tag', 'hello', reference);
  await engine.barge('push', reference);
  return digestOf(engine, reference);
}

async function digestOf(engine: Engine, reference: string): Promise<string> {
  const format = '{{join .RepoDigests " "}}';
  const digests = await engine.barge('image', 'inspect', '--format', format, reference);
  const repository = reference.replace(/[:@][^/]*$/, '');
  const found = digests.split(' ').find((digest) => digest.startsWith(`${repository}@`));
  if (!found) throw new Error(`${reference} has no digest of ${repository}`);
  return found.slice(repository.length + 1);
}

async function pullElsewhere(signal: AbortSignal, reference: string, digest: string): Promise<string> {
  const engine = await Engine.start(SECOND, signal, (started) => engines.push(started));
  const byDigest = `${reference.replace(/:[^:/]*$/, '')}@${digest}`;
  await engine.barge('pull', reference);
  check(`the tag stands for the same digest, ${digest}`, (await digestOf(engine, reference)) === digest);
  await engine.barge('pull', byDigest);
  await engine.barge('images', '--digests');
  return await serve(engine, 'again', byDigest);
}

/** Whether an image is the example's, by its `REPOSITORY:TAG`. */
const isExample = (image: string) => /(^|\/)hello:[^<]/.test(image);

/** Removes what a killed quick start left behind, with the help of its daemons' records. */
async function clearEarlier(signal: AbortSignal): Promise<void> {
  if (![...look(PLACES).values()].some((found) => found.length > 0) && !existsSync(SECOND.dataRoot)) return;
  await step('Clear up after a quick start that was cut off', async () => {
    for (const [pid] of (look(PLACES).get('processes') ?? []).map((text) => text.split(' '))) {
      const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      if (/^(node|barged|MainThread)/.test(comm)) process.kill(Number(pid), 'SIGKILL');
    }
    await pause(200);
    for (const place of PLACES.filter(({ dataRoot }) => existsSync(dataRoot))) {
      const engine = await Engine.start(place, signal, (started) => engines.push(started));
      engines.splice(engines.indexOf(engine), 1);
      await engine.close(isExample);
    }
    removeFiles();
  });
}

/** Removes all files except the first engine's data root, which holds the base image for the next run. */
function removeFiles(): void {
  for (const { execRoot, socket } of PLACES) {
    for (const path of [execRoot, socket, `${execRoot}.pid`]) rmSync(path, { recursive: true, force: true });
  }
  for (const name of ['engine-b', 'registry', 'client', 'Dockerfile']) {
    rmSync(join(DIRECTORY, name), { recursive: true, force: true });
  }
}

/** Stops everything; goes on when something fails. @returns the failures. */
async function stopEverything(): Promise<unknown[]> {
  const closing = [
    ...engines.reverse().map((engine) => () => engine.close(isExample)),
    ...registries.map((registry) => () => registry.close()),
  ];
  const failures: unknown[] = [];
  for (const close of closing) {
    await close().catch((error: unknown) => failures.push(error));
  }
  return failures;
}

async function cleanUp(defaultsBefore: readonly string[]): Promise<void> {
  const before = look(PLACES);
  const failures = await stopEverything();
  removeFiles();
  prove(before, look(PLACES));
  const strays = defaultPlaces().filter((path) => !defaultsBefore.includes(path));
  const temporary = existsSync(join(DIRECTORY, 'tmp')) ? readdirSync(join(DIRECTORY, 'tmp')) : [];
  check(`no file outside of ${DIRECTORY}${listed(strays)}`, strays.length === 0);
  check(`no temporary file${listed(temporary)}`, temporary.length === 0);
  if (failures.length > 0) throw new AggregateError(failures, 'stopping did not go well');
}

const listed = (names: readonly string[]) => (names.length > 0 ? `: ${names.join(', ')}` : '');

function prove(before: Traces, after: Traces): void {
  for (const [kind, seen] of before) {
    const left = [...(after.get(kind) ?? []), ...(kind.includes('links') ? linksStillThere(seen) : [])];
    check(`no ${kind} left, of ${seen.length}${listed(left)}`, left.length === 0);
  }
}

async function mainJob(signal: AbortSignal): Promise<void> {
  const base = baseImage();
  await clearEarlier(signal);
  const { engine, registry } = await step('Start a daemon and a registry', () => startFirst(signal));
  say(`   (from here on, barge means: BARGE_HOST=unix://${FIRST.socket} barge)`);
  await step(`Make a base image from this machine's packages: ${base}`, () => makeBase(engine, base));
  const dockerfile = dockerfileFor(base);
  const file = dockerfile.startsWith(EXAMPLE) ? [] : ['--file', dockerfile];
  await step('Build an image from a Dockerfile', () =>
    engine.barge('build', '--tag', 'hello', ...file, join(ROOT, EXAMPLE)),
  );
  const page = await step('Run it as a web service; look at it; stop it', () => useContainer(engine));
  const reference = `${registry.address}/hello:1`;
  const digest = await step('Push it to the registry', () => push(engine, reference));
  await step('A second engine, with everything of its own, pulls and runs it', async () => {
    const again = await pullElsewhere(signal, reference, digest);
    check('it gives the same answer as on the first engine', again === page);
  });
}

becomeRoot();
const start = performance.now();
const stopped = new AbortController();
process.on('SIGINT', () => stopped.abort());
process.on('SIGTERM', () => stopped.abort());
mkdirSync(DIRECTORY, { recursive: true });
const defaultsBefore = defaultPlaces();
const failures: unknown[] = [];
const note = (error: unknown) => void failures.push(error);
await mainJob(stopped.signal).catch(note);
await step('Clean up and prove it', () => cleanUp(defaultsBefore)).catch(note);
for (const failure of failures) process.stderr.write(`\nquickstart: ${describe(failure)}\n`);
if (failures.length > 0) process.stderr.write(`The programs' logs are in ${DIRECTORY}/*.log.\n`);
say(`\nQuick start ${failures.length > 0 ? 'FAILED' : 'succeeded'} in ${since(start)}`);
process.exitCode = failures.length > 0 ? 1 : 0;

/** An error and its causes, one per line. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const causes =
    error instanceof AggregateError ? error.errors : error.cause === undefined ? [] : [error.cause];
  return [error.message, ...causes.map((cause) => `  because: ${describe(cause)}`)].join('\n');
}
