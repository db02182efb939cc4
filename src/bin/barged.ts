import { messageOf } from '../core/errors.ts';
import { ENGINE_VERSION, VERSION } from '../core/version.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { type DaemonOptions, helpText, parseDaemonOptions } from '../daemon/options.ts';
import { linuxHost } from '../host/linux/host.ts';
import { guard } from './guard.ts';

/** The name that the launcher was called by. */
const PROGRAM = process.env.BARGE_PROGRAM === 'dockerd' ? 'dockerd' : 'barged';

/** Milliseconds that a failed daemon gets to end in good order. */
const PATIENCE_MS = 10_000;

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
  const starting = startDaemon(linuxHost(), options, args, PROGRAM);
  let running: Daemon | undefined;
  starting.then(
    (daemon) => {
      running = daemon;
    },
    () => {},
  );
  guard(process, {
    underWay: () => running?.underWay() ?? ['the start'],
    report: (line) => process.stderr.write(`barged: ${line}\n`),
    end: async () => await running?.[Symbol.asyncDispose](),
    patience: PATIENCE_MS,
  });
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
