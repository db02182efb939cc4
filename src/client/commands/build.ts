import { writeFile } from 'node:fs/promises';
import { invalidParameter } from '../../core/errors.ts';
import { parseReference } from '../../core/reference.ts';
import { allAuthsHeader } from '../auth/registry-auth.ts';
import { argument, type Command, type Invocation } from '../command.ts';
import { namesOf, proxyVariables } from '../config/proxies.ts';
import { BUILD_FLAGS, buildQuery, refuseUnsupported } from '../context/build-flags.ts';
import { followBuild, progressMode } from '../context/follow.ts';
import { openSource } from '../context/source.ts';

export const command: Command = {
  usage: '[OPTIONS] PATH | URL | -',
  flags: BUILD_FLAGS,
  args: { min: 1, max: 1 },
  completes: ['folder'],
  async run(invocation) {
    const { flags, cli } = invocation;
    refuseUnsupported(flags);
    for (const tag of flags.list('tag')) checkTag(tag);
    const mode = progressMode(flags);
    const { stream, remote, dockerfile } = await openSource(argument(invocation, 0), flags.text('file'));
    const { body } = await cli.engine.request('POST', '/build', {
      query: { ...buildQuery(flags, proxiesOf(invocation)), remote, dockerfile: dockerfile || undefined },
      headers: {
        'Content-Type': 'application/x-tar',
        'X-Registry-Config': await allAuthsHeader(cli.configFolder),
      },
      ...(stream ? { stream: flags.bool('compress') ? await packed(stream) : stream } : {}),
    });
    const id = await followBuild(cli, body, mode);
    if (mode === 'quiet') cli.out(`${id}\n`);
    if (flags.has('iidfile')) {
      if (id === '')
        throw invalidParameter(`server did not provide an image ID. Cannot write ${flags.text('iidfile')}`);
      await writeFile(flags.text('iidfile'), id);
    }
    return 0;
  },
};

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
