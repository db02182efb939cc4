import { invalidParameter } from '../../core/errors.ts';
import { parseReference } from '../../core/reference.ts';
import { allAuthsHeader } from '../auth/registry-auth.ts';
import { BUILD_FLAGS, buildQuery, callOf, refuseUnsupported } from '../build-context/build-flags.ts';
import {
  type BuildCacheFlags,
  fetchCaches,
  readCacheFlags,
  sendCacheDirectories,
} from '../build-context/caches.ts';
import { deliver } from '../build-context/deliver.ts';
import {
  type FollowedBuild,
  type FollowOptions,
  followBuild,
  progressMode,
} from '../build-context/follow.ts';
import { writeMetadata } from '../build-context/metadata.ts';
import { type NamedSources, readNamedContexts, sendNamedDirectories } from '../build-context/named.ts';
import { type BuildOutputs, checkOutputs, readOutputs, toStandardOutput } from '../build-context/outputs.ts';
import { readAgents, readSecrets } from '../build-context/secrets.ts';
import { ClientSession } from '../build-context/session.ts';
import { type BuildSource, openSource } from '../build-context/source.ts';
import type { Cli } from '../cli.ts';
import { argument, defineCommand, type Invocation } from '../command.ts';
import { namesOf, proxyVariables } from '../config/proxies.ts';
import type { FlagValues } from '../flags.ts';
import { replaceFile } from '../output/file.ts';
import { DescriptionView } from '../progress/build-description.ts';
import { LintView } from '../progress/build-lint.ts';
import type { Body } from '../transport/body.ts';
import type { EngineResponse } from '../transport/engine.ts';

export const command = defineCommand({
  usage: '[OPTIONS] PATH | URL | -',
  flags: BUILD_FLAGS,
  args: { min: 1, max: 1 },
  completes: ['directory'],
  async run(invocation) {
    const { flags, cli } = invocation;
    refuseUnsupported(flags);
    const wanted = readOutputs(flags);
    const { outputs } = wanted;
    const caches = readCacheFlags(flags);
    const tags = [...flags.list('tag'), ...wanted.names];
    for (const tag of tags) checkTag(tag);
    checkOutputs(outputs);
    const aside = outputs.some(toStandardOutput);
    const mode = progressMode(flags, (aside ? process.stderr : process.stdout).isTTY === true);
    const named = readNamedContexts(flags.list('build-context'));
    const source = await openSource(argument(invocation, 0), flags.text('file'));
    using session = await openSession(cli, flags, source, { named, caches });
    const { body } = await startBuild(invocation, source, { tags, named, session, caches, wanted });
    const follow = { mode, aside, explain: flags.bool('explain') };
    if (callOf(flags).call !== 'build') return await lookAt(invocation, body, follow);
    const built = await followBuild(cli, body, follow);
    await deliver({ cli, built, tags, quiet: mode === 'quiet' }, outputs);
    await fetchCaches(cli, caches, built.build);
    if (mode === 'quiet' && !aside) cli.out(`${built.id}\n`);
    await writeResults(cli, flags, built, tags);
    return 0;
  },
});

/** `--check`, `--call`: evaluates the Dockerfile without building. */
async function lookAt({ cli, flags }: Invocation, body: Body, follow: FollowOptions): Promise<number> {
  const { call, json } = callOf(flags);
  const write = (text: string) => cli.out(text);
  if (call !== 'check') {
    await followBuild(cli, body, { ...follow, view: new DescriptionView(write, json) });
    return 0;
  }
  const view = new LintView(write, json);
  await followBuild(cli, body, { ...follow, view });
  return view.clean ? 0 : 1;
}

interface Prepared {
  readonly caches: BuildCacheFlags;
  readonly wanted: BuildOutputs;
  readonly tags: readonly string[];
  readonly named: NamedSources;
  readonly session: ClientSession | undefined;
}

async function startBuild(
  invocation: Invocation,
  { stream, remote, directory, dockerfile }: BuildSource,
  { tags, named, session, caches, wanted }: Prepared,
): Promise<EngineResponse> {
  const { flags, cli } = invocation;
  const sent = directory !== undefined && session !== undefined;
  const addresses = named.addresses;
  const tar = sent ? undefined : stream?.();
  return await cli.engine.request('POST', '/build', {
    query: {
      ...buildQuery(flags, proxiesOf(invocation)),
      t: tags,
      annotation: [...flags.list('annotation'), ...wanted.annotations],
      rewritetimestamp: wanted.rewriteTimes,
      cachefrom: caches.from.length > 0 ? JSON.stringify(caches.from) : undefined,
      cacheto: caches.to.length > 0 ? JSON.stringify(caches.to) : undefined,
      remote,
      dockerfile: dockerfile || undefined,
      events: true,
      'barge-session': session?.id,
      contexts: Object.keys(addresses).length > 0 ? JSON.stringify(addresses) : undefined,
    },
    headers: {
      'Content-Type': 'application/x-tar',
      'X-Registry-Config': await allAuthsHeader(cli.configDirectory),
    },
    ...(tar ? { stream: flags.bool('compress') ? await packed(tar) : tar } : {}),
  });
}

/**
 * Sends what a Barge daemon receives apart from the build; undefined when there is nothing to send, or the server is
 * not Barge.
 */
async function openSession(
  cli: Cli,
  flags: FlagValues,
  { directory }: BuildSource,
  { named, caches }: { readonly named: NamedSources; readonly caches: BuildCacheFlags },
): Promise<ClientSession | undefined> {
  const [secrets, agents] = [readSecrets(flags.list('secret')), readAgents(flags.list('ssh'))];
  const whole = directory === undefined || flags.bool('compress');
  if (whole && secrets.size + agents.size + named.directories.size + caches.sources.size === 0)
    return undefined;
  const extra = directory?.extra;
  const dockerfile = extra && { name: 'Dockerfile', text: extra.content.toString() };
  const session = await ClientSession.open(cli.engine, {
    secrets,
    agents,
    ...(dockerfile ? { dockerfile } : {}),
  });
  if (!session) {
    if (named.directories.size + caches.sources.size === 0) return undefined;
    throw invalidParameter(
      '--build-context and --cache-from with a directory need a Barge daemon: this server does not support it',
    );
  }
  if (directory) await session.sendDirectory('', directory.path, directory.filter);
  await sendNamedDirectories(session, named);
  await sendCacheDirectories(session, caches);
  return session;
}

async function writeResults(
  cli: Cli,
  flags: FlagValues,
  built: FollowedBuild,
  tags: readonly string[],
): Promise<void> {
  const { id } = built;
  if (flags.has('iidfile')) {
    if (id === '')
      throw invalidParameter(`server did not provide an image ID. Cannot write ${flags.text('iidfile')}`);
    await replaceFile(flags.text('iidfile'), id, { mode: 0o644, allowsDevices: true });
  }
  if (flags.has('metadata-file')) await writeMetadata(cli, flags.text('metadata-file'), built, tags);
}

function checkTag(tag: string): void {
  try {
    parseReference(tag);
  } catch (cause) {
    throw invalidParameter(`invalid argument "${tag}" for "-t, --tag" flag: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function proxiesOf({ flags, cli }: Invocation): Record<string, string> {
  if (!cli.config.proxies) return {};
  return proxyVariables(cli.config, cli.engine.endpoint.url, namesOf(flags.list('build-arg')));
}

/** The stream compressed with gzip. */
async function packed(stream: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { compose, Readable } = await import('node:stream');
  const { createGzip } = await import('node:zlib');
  return compose(Readable.from(stream), createGzip()) as AsyncIterable<Uint8Array>;
}
