import { invalidParameter } from '../../core/errors.ts';
import type { ProgressMessage } from '../../spec/engine.ts';
import type { Cli } from '../cli.ts';
import type { FlagValues } from '../flags.ts';
import { renderProgress } from '../progress/render.ts';
import type { Body } from '../transport/body.ts';
import { jsonLines } from '../transport/json-lines.ts';
import { PROGRESS_MODES } from './build-flags.ts';

export type ProgressMode = 'plain' | 'tty' | 'quiet' | 'rawjson';

/** How a build is to be shown: `--quiet` wins over `--progress`, that over `BUILDKIT_PROGRESS`. */
export function progressMode(flags: FlagValues): ProgressMode {
  if (flags.bool('quiet')) return 'quiet';
  const asked = flags.has('progress') ? flags.text('progress') : process.env.BUILDKIT_PROGRESS || 'auto';
  if (!PROGRESS_MODES.includes(asked)) {
    throw invalidParameter(`invalid progress mode "${asked}": want one of ${PROGRESS_MODES.join(', ')}`);
  }
  const terminal = process.stdout.isTTY === true;
  if (asked === 'tty' && !terminal) {
    throw invalidParameter('--progress=tty needs a terminal on standard output: use --progress=plain');
  }
  return asked === 'auto' ? (terminal ? 'tty' : 'plain') : (asked as ProgressMode);
}

/** Shows the build and resolves with the image's id; a quiet build is shown only when it fails. */
export async function followBuild(cli: Cli, body: Body, mode: ProgressMode): Promise<string> {
  const held: string[] = [];
  let id = '';
  const messages = jsonLines<ProgressMessage>(body);
  try {
    await renderProgress(mode === 'rawjson' ? echoed(cli, messages) : messages, {
      write: (text) => {
        if (mode === 'quiet') held.push(text);
        else if (mode !== 'rawjson') cli.out(text);
      },
      terminal: mode === 'tty',
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

/** Prints every message as the daemon sent it. */
async function* echoed(cli: Cli, messages: AsyncIterable<ProgressMessage>): AsyncGenerator<ProgressMessage> {
  for await (const message of messages) {
    cli.out(`${JSON.stringify(message)}\n`);
    yield message;
  }
}
