import { main } from '../client/main.ts';

/** A reader that went away (`barge logs x | head`) ends the client as SIGPIPE would. */
const EXIT_BROKEN_PIPE = 141;

function onPipeError(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? EXIT_BROKEN_PIPE : 1);
}

/** Exits once a slow reader has taken everything: exiting at once would cut it off. */
async function exit(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0) await new Promise((resolve) => stream.write('', resolve));
  }
  process.exit(code);
}

process.stdout.on('error', onPipeError);
process.stderr.on('error', onPipeError);
main(process.argv.slice(2)).then(
  (code) => exit(code),
  (error: unknown) => {
    process.stderr.write(`barge: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exit(1);
  },
);
