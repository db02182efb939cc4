import type { ProgressMessage } from '../../api/engine/system.ts';
import { messageOf } from '../../core/errors.ts';
import { shortId } from '../../core/ids.ts';
import { DockerfileError } from '../parse/errors.ts';
import type { BuildEvent, BuildReporter } from './events.ts';
import { StepQueue } from './step-queue.ts';

interface ClassicOptions {
  /** Report only the id at the end, and everything else only when the build fails. */
  readonly quiet?: boolean;
}

type Write = (message: ProgressMessage) => void;

/** Maximum number of messages that `quiet` buffers for a failure. */
const MAX_KEPT = 10_000;

/**
 * Events as the messages of `POST /build`, version 1: the output of each step is contiguous, in the order of the
 * Dockerfile, whatever order the steps ran in. The error of a failed build is not included: see `buildErrorMessage`.
 */
export function classicStream(write: Write, options: ClassicOptions = {}): BuildReporter {
  if (!options.quiet) return new ClassicReporter(write);
  const kept: ProgressMessage[] = [];
  const inner = new ClassicReporter((message) => {
    if (kept.length < MAX_KEPT) kept.push(message);
  });
  return {
    report(event) {
      inner.report(event);
      if (event.kind === 'built') write({ stream: `${event.id}\n` });
      if (event.kind === 'failed') for (const message of kept) write(message);
    },
  };
}

/** The last message of a failed build's stream. */
export function buildErrorMessage(error: unknown): ProgressMessage {
  const message = messageOf(error);
  const code = error instanceof DockerfileError ? error.code : undefined;
  return { errorDetail: { ...(code === undefined ? {} : { code }), message }, error: message };
}

class ClassicReporter implements BuildReporter {
  readonly #write: Write;
  readonly #queue: StepQueue;
  readonly #decoders = new Map<string, TextDecoder>();
  #total = 0;

  constructor(write: Write) {
    this.#write = write;
    this.#queue = new StepQueue((text) => write({ stream: text }));
  }

  report(event: BuildEvent): void {
    switch (event.kind) {
      case 'pull':
        this.#write(event.message);
        break;
      case 'warning':
        this.#write({ stream: `[Warning] ${event.message}\n` });
        break;
      case 'planned':
        this.#total = event.steps.length;
        break;
      case 'started': {
        const { number, text, platform } = event.step;
        const line = platform === undefined ? text : `[${platform}] ${text}`;
        this.#queue.add(number, `Step ${number}/${this.#total} : ${line}\n`);
        break;
      }
      case 'missed':
        this.#queue.add(event.step.number, ` ---> Not cached: ${event.reason}\n`);
        break;
      case 'running':
        this.#queue.add(event.step.number, ` ---> Running in ${shortId(event.key)}\n`);
        break;
      case 'output':
        this.#output(event);
        break;
      case 'done': {
        const { number } = event.step;
        if (event.cached) this.#queue.add(number, ' ---> Using cache\n');
        this.#queue.add(number, ` ---> ${shortId(event.id)}\n`);
        this.#queue.close(number);
        break;
      }
      case 'built':
        this.#write({ aux: { ID: event.id } });
        this.#write({ stream: `Successfully built ${shortId(event.id)}\n` });
        break;
      case 'tagged':
        this.#write({ stream: `Successfully tagged ${event.reference}\n` });
        break;
      case 'failed':
        this.#queue.flush();
        break;
    }
  }

  /** A chunk may end within a character. */
  #output({ step, stream, chunk }: Extract<BuildEvent, { kind: 'output' }>): void {
    const key = `${step.number} ${stream}`;
    const decoder = this.#decoders.get(key) ?? new TextDecoder();
    this.#decoders.set(key, decoder);
    this.#queue.add(step.number, decoder.decode(chunk, { stream: true }));
  }
}
