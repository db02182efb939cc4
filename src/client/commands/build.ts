import { writeFile } from 'node:fs/promises';
import { invalidParameter } from '../../core/errors.ts';
import { parseReference } from '../../core/reference.ts';
import type { ProgressMessage } from '../../spec/engine.ts';
import { allAuthsHeader } from '../auth/registry-auth.ts';
import { argument, type Command, type Invocation } from '../command.ts';
import { BUILD_FLAGS, buildQuery, refuseUnsupported } from '../context/build-flags.ts';
import { openSource } from '../context/source.ts';
import { renderProgress } from '../progress/render.ts';
import type { Body } from '../transport/body.ts';
import { jsonLines } from '../transport/json-lines.ts';

export const command: Command = {
  usage: '[OPTIONS] PATH | URL | -',
  flags: BUILD_FLAGS,
  args: { min: 1, max: 1 },
  completes: ['folder'],
  async run(invocation) {
    const { flags, cli } = invocation;
    refuseUnsupported(flags);
    for (const tag of flags.list('tag')) checkTag(tag);
    const { stream, remote, dockerfile } = await openSource(argument(invocation, 0), flags.text('file'));
    const { body } = await cli.engine.request('POST', '/build', {
      query: { ...buildQuery(flags), remote, dockerfile: dockerfile || undefined },
      headers: {
        'Content-Type': 'application/x-tar',
        'X-Registry-Config': await allAuthsHeader(cli.configFolder),
      },
      ...(stream ? { stream } : {}),
    });
    const id = await follow(invocation, body);
    if (flags.bool('quiet')) cli.out(`${id}\n`);
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

/** Shows the build and resolves with the image's id; a quiet build is shown only when it fails. */
async function follow({ flags, cli }: Invocation, body: Body): Promise<string> {
  const quiet = flags.bool('quiet');
  const held: string[] = [];
  let id = '';
  try {
    await renderProgress(jsonLines<ProgressMessage>(body), {
      write: (text) => (quiet ? held.push(text) : cli.out(text)),
      terminal: process.stdout.isTTY === true && !quiet,
      columns: process.stdout.columns ?? 80,
      onAux: (aux) => {
        if (typeof aux === 'object' && aux && 'ID' in aux) id = String(aux.ID);
      },
    });
  } catch (error) {
    cli.err(held.join(''));
    throw error;
  }
  return id;
}
