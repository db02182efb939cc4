import { messageOf } from '../core/errors.ts';
import { ENGINE_VERSION, VERSION } from '../core/version.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { type DaemonOptions, helpText, parseDaemonOptions } from '../daemon/options.ts';
import { linuxHost } from '../host/linux/host.ts';

/** The name that the launcher was called by. */
const PROGRAM = process.env.BARGE_PROGRAM === 'dockerd' ? 'dockerd' : 'barged';

function main(args: readonly string[]): void {
  try {
    const parsed = parseDaemonOptions(args, PROGRAM);
    if (parsed.kind === 'help') process.stdout.write(helpText(PROGRAM));
    else if (parsed.kind === 'valid') process.stdout.write('configuration OK\n');
    else if (parsed.kind === 'version')
      process.stdout.write(
        PROGRAM === 'dockerd'
          ? `Docker version ${ENGINE_VERSION}, build barge\n`
          : `Barge version ${VERSION}\n`,
      );
    else run(parsed.options, args);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  process.stderr.write(`${PROGRAM}: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

function run(options: DaemonOptions, args: readonly string[]): void {
  process.title = 'barged';
  /* One forgotten failure must not take every container's daemon along: it is told, and the rest goes on. */
  process.on('unhandledRejection', (reason) => {
    process.stderr.write(`barged: unhandled: ${reason instanceof Error ? reason.stack : String(reason)}\n`);
  });
  const starting = startDaemon(linuxHost(), options, args, PROGRAM);
  /* Before it is ready: who reads that it is may send a signal at once. */
  const end = () => {
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    starting
      .then((daemon) => daemon[Symbol.asyncDispose]())
      .then(
        () => process.exit(0),
        (error) => {
          fail(error);
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', end).on('SIGINT', end);
  process.on('SIGHUP', () => void starting.then(reload, () => {}));
  starting.catch((error) => {
    fail(error);
    process.exit(1);
  });
}

function reload(daemon: Daemon): void {
  try {
    daemon.reload();
  } catch (error) {
    process.stderr.write(`barged: settings not read again: ${messageOf(error)}\n`);
  }
}

main(process.argv.slice(2));
