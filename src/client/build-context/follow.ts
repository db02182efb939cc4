import type { BuildMessage } from '../../api/build-events.ts';
import type { ProgressMessage } from '../../api/engine/system.ts';
import type { Descriptor } from '../../api/oci-image.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { Cli } from '../cli.ts';
import type { FlagValues } from '../flags.ts';
import { PlainBuild } from '../progress/build-plain.ts';
import { TtyBuild } from '../progress/build-tty.ts';
import type { BuildView } from '../progress/build-view.ts';
import { renderProgress } from '../progress/render.ts';
import type { Body } from '../transport/body.ts';
import { jsonLines } from '../transport/json-lines.ts';
import { PROGRESS_MODES } from './build-flags.ts';

type ProgressMode = 'plain' | 'tty' | 'quiet' | 'rawjson';

type Message = ProgressMessage & { readonly event?: BuildMessage };

/** How to show a build: `--quiet` overrides `--progress`, which overrides `BUILDKIT_PROGRESS`. */
export function progressMode(flags: FlagValues, terminal: boolean): ProgressMode {
  if (flags.bool('quiet')) return 'quiet';
  const asked = flags.has('progress') ? flags.text('progress') : process.env.BUILDKIT_PROGRESS || 'auto';
  if (!PROGRESS_MODES.includes(asked)) {
    throw invalidParameter(`invalid progress mode "${asked}": want one of ${PROGRESS_MODES.join(', ')}`);
  }
  if (asked === 'tty' && !terminal) {
    throw invalidParameter('--progress=tty needs a terminal on standard output: use --progress=plain');
  }
  return asked === 'auto' ? (terminal ? 'tty' : 'plain') : (asked as ProgressMode);
}

export interface FollowOptions {
  readonly mode: ProgressMode;
  readonly explain: boolean;
  /** Show the build in another way. */
  readonly view?: BuildView;
  /** The result is written to standard output. */
  readonly aside: boolean;
}

/** What a build reported about its result; servers other than Barge report only the id. */
export interface FollowedBuild {
  readonly id: string;
  /** The build's own id. */
  readonly build: string;
  readonly images: readonly { readonly id: string; readonly platform: string }[];
  readonly target?: Descriptor;
}

/**
 * Shows the build and resolves with its result; a quiet build is shown only when it fails. Barge reports a build as
 * events, other servers as classic messages.
 */
export async function followBuild(cli: Cli, body: Body, options: FollowOptions): Promise<FollowedBuild> {
  const { mode, aside } = options;
  const held: string[] = [];
  let result: FollowedBuild = { id: '', build: '', images: [] };
  const note = (event: BuildMessage) => {
    if (event.kind === 'begun') result = { ...result, build: event.id };
    if (event.kind === 'built') {
      const { id, images = [], target } = event;
      result = { ...result, id, images, ...(target ? { target } : {}) };
    }
  };
  const print = (text: string) => cli.draw(text, aside ? process.stderr : process.stdout);
  const write = (text: string) => {
    if (mode === 'quiet') held.push(text);
    else if (mode !== 'rawjson') print(text);
  };
  const view = options.view ?? viewOf(options, write);
  const messages = jsonLines<Message>(body);
  const seen = mode === 'rawjson' ? echoed(print, messages) : messages;
  try {
    await renderProgress(shown(seen, view, note), {
      write,
      terminal: mode === 'tty',
      columns: process.stdout.columns ?? 80,
      onAux: (aux) => {
        if (typeof aux === 'object' && aux && 'ID' in aux) result = { ...result, id: String(aux.ID) };
      },
    });
    view.end();
  } catch (error) {
    view.end();
    cli.draw(held.join(''), process.stderr);
    throw error;
  }
  return result;
}

function viewOf({ mode, explain, aside }: FollowOptions, write: (text: string) => void): BuildView {
  const stream = aside ? process.stderr : process.stdout;
  const size = () => ({ columns: stream.columns ?? 80, rows: stream.rows ?? 24 });
  return mode === 'tty' ? new TtyBuild({ write, explain, size }) : new PlainBuild({ write, explain });
}

/** Extracts the events; the renderer of classic messages gets the rest. */
async function* shown(
  messages: AsyncIterable<Message>,
  view: BuildView,
  note: (event: BuildMessage) => void,
): AsyncGenerator<ProgressMessage> {
  for await (const message of messages) {
    if (message.event) {
      note(message.event);
      view.show(message.event);
    } else yield message;
  }
}

/** Prints every message as the daemon sent it. */
async function* echoed(
  print: (text: string) => void,
  messages: AsyncIterable<Message>,
): AsyncGenerator<Message> {
  for await (const message of messages) {
    print(`${JSON.stringify(message)}\n`);
    yield message;
  }
}
