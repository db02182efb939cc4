import { main } from '../client/main.ts';

/** A reader that went away (`barge logs x | head`) ends the client as SIGPIPE would. */
const EXIT_BROKEN_PIPE = 141;

function onPipeError(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? EXIT_BROKEN_PIPE : 1);
}

process.stdout.on('error', onPipeError);
process.stderr.on('error', onPipeError);
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`barge: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
