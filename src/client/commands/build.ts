import { writeFile } from 'node:fs/promises';
import { invalidParameter } from '../../core/errors.ts';
import { parseReference } from '../../core/reference.ts';
import { allAuthsHeader } from '../auth/registry-auth.ts';
import type { Cli } from '../cli.ts';
import { argument, type Command, type Invocation } from '../command.ts';
import { namesOf, proxyVariables } from '../config/proxies.ts';
import { BUILD_FLAGS, buildQuery, refuseUnsupported } from '../context/build-flags.ts';
import { followBuild, progressMode } from '../context/follow.ts';
import { writeMetadata } from '../context/metadata.ts';
import { type NamedSources, readNamedContexts, sendNamedFolders } from '../context/named.ts';
import { checkOutputs, deliver, readOutputs, toStandardOutput } from '../context/outputs.ts';
import { readAgents, readSecrets } from '../context/secrets.ts';
import { ClientSession } from '../context/session.ts';
import { type BuildSource, openSource } from '../context/source.ts';
import type { FlagValues } from '../flags.ts';
import { LintView } from '../progress/build-lint.ts';
import type { EngineResponse } from '../transport/engine.ts';

export const command: Command = {
  usage: '[OPTIONS] PATH | URL | -',
  flags: BUILD_FLAGS,
  args: { min: 1, max: 1 },
  completes: ['folder'],
  async run(invocation) {
    const { flags, cli } = invocation;
    refuseUnsupported(flags);
    const outputs = readOutputs(flags);
    const tags = [...flags.list('tag'), ...outputs.flatMap((o) => (o.kind === 'image' ? o.names : []))];
    for (const tag of tags) checkTag(tag);
    checkOutputs(outputs);
    const aside = outputs.some(toStandardOutput);
    const mode = progressMode(flags, (aside ? process.stderr : process.stdout).isTTY === true);
    const named = readNamedContexts(flags.list('build-context'));
    const source = await openSource(argument(invocation, 0), flags.text('file'));
    using session = await openSession(cli, flags, source, named);
    const { body } = await startBuild(invocation, source, { tags, named, session });
    const follow = { mode, aside, explain: flags.bool('explain') };
    if (flags.bool('check') || flags.text('call') === 'check') {
      const view = new LintView((text) => cli.out(text));
      await followBuild(cli, body, { ...follow, view });
      return view.clean ? 0 : 1;
    }
    const id = await followBuild(cli, body, follow);
    await deliver(cli, id, tags, outputs, mode === 'quiet');
    if (mode === 'quiet' && !aside) cli.out(`${id}\n`);
    await writeResults(cli, flags, id, tags);
    return 0;
  },
};

interface Prepared {
  readonly tags: readonly string[];
  readonly named: NamedSources;
  readonly session: ClientSession | undefined;
}

async function startBuild(
  invocation: Invocation,
  { stream, remote, folder, dockerfile }: BuildSource,
  { tags, named, session }: Prepared,
): Promise<EngineResponse> {
  const { flags, cli } = invocation;
  const sent = folder !== undefined && session !== undefined;
  const addresses = named.addresses;
  const tar = sent ? undefined : stream?.();
  return await cli.engine.request('POST', '/build', {
    query: {
      ...buildQuery(flags, proxiesOf(invocation)),
      t: tags,
      remote,
      dockerfile: dockerfile || undefined,
      events: true,
      'barge-session': session?.id,
      contexts: Object.keys(addresses).length > 0 ? JSON.stringify(addresses) : undefined,
    },
    headers: {
      'Content-Type': 'application/x-tar',
      'X-Registry-Config': await allAuthsHeader(cli.configFolder),
    },
    ...(tar ? { stream: flags.bool('compress') ? await packed(tar) : tar } : {}),
  });
}

/** Sends ahead what a Barge daemon takes apart from the build; undefined when there is nothing, or another server. */
async function openSession(
  cli: Cli,
  flags: FlagValues,
  { folder }: BuildSource,
  named: NamedSources,
): Promise<ClientSession | undefined> {
  const [secrets, agents] = [readSecrets(flags.list('secret')), readAgents(flags.list('ssh'))];
  const whole = folder === undefined || flags.bool('compress');
  if (whole && secrets.size + agents.size + named.folders.size === 0) return undefined;
  const extra = folder?.extra;
  const dockerfile = extra && { name: 'Dockerfile', text: extra.content.toString() };
  const session = await ClientSession.open(cli.engine, {
    secrets,
    agents,
    ...(dockerfile ? { dockerfile } : {}),
  });
  if (!session) {
    if (named.folders.size === 0) return undefined;
    throw invalidParameter(
      '--build-context with a folder needs a Barge daemon: this server has no way to take it',
    );
  }
  if (folder) await session.sendFolder('', folder.path, folder.filter);
  await sendNamedFolders(session, named);
  return session;
}

async function writeResults(cli: Cli, flags: FlagValues, id: string, tags: readonly string[]): Promise<void> {
  if (flags.has('iidfile')) {
    if (id === '')
      throw invalidParameter(`server did not provide an image ID. Cannot write ${flags.text('iidfile')}`);
    await writeFile(flags.text('iidfile'), id);
  }
  if (flags.has('metadata-file')) await writeMetadata(cli, flags.text('metadata-file'), id, tags);
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

/** The same bytes through gzip. */
async function packed(stream: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { compose, Readable } = await import('node:stream');
  const { createGzip } = await import('node:zlib');
  return compose(Readable.from(stream), createGzip()) as AsyncIterable<Uint8Array>;
}
