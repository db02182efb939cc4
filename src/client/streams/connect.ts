import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { RAW_STREAM } from '../../api/engine/system.ts';
import { drained } from '../../core/streams.ts';
import type { Cli } from '../cli.ts';
import { Demultiplexer } from '../transport/demux.ts';
import type { HijackedStream } from '../transport/engine.ts';

interface ConnectOptions {
  /** One raw stream instead of frames. */
  readonly tty: boolean;
  /** Forward local standard input. */
  readonly stdin: boolean;
}

/** Joins the local standard streams to a hijacked connection; resolves when the daemon closes it. */
export async function connectStreams(
  cli: Cli,
  stream: HijackedStream,
  options: ConnectOptions,
): Promise<void> {
  const stop = options.stdin ? forwardInput(stream.socket) : undefined;
  try {
    await copyOutput(cli, stream.body, options.tty || stream.headers.get('content-type') === RAW_STREAM);
  } finally {
    stop?.();
    stream.socket.destroy();
  }
}

/** Copies a container's output to standard output and error. */
export async function copyOutput(cli: Cli, body: AsyncIterable<Buffer>, raw: boolean): Promise<void> {
  const demultiplexer = new Demultiplexer({
    stdout: (chunk) => cli.out(chunk),
    stderr: (chunk) => cli.err(chunk),
  });
  for await (const chunk of body) {
    if (raw) cli.out(chunk);
    else demultiplexer.push(chunk);
    await outputDrained();
  }
}

/** Resolves when the standard streams accept more, so that a slow reader slows the daemon down. */
async function outputDrained(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableNeedDrain) await once(stream, 'drain');
  }
}

/** Forwards standard input, and its end as a half-close; the returned function stops it. */
function forwardInput(socket: Duplex): () => void {
  const { stdin } = process;
  const onData = (chunk: Buffer) => {
    if (socket.writable && !socket.write(chunk)) {
      stdin.pause();
      void drained(socket).then(() => stdin.resume());
    }
  };
  const onEnd = () => {
    if (socket.writable) socket.end();
  };
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  // Unreadable standard input (a closed descriptor) counts as ended.
  stdin.on('error', onEnd);
  return () => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.pause();
  };
}
