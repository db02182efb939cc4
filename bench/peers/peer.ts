import type { Command } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';

/**
 * A container platform under measurement, started, with the image `busybox` in it. All of them share docker's command
 * line, so a suite needs little more of them than this.
 */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Names of programs and their versions. */
  readonly versions: Readonly<Record<string, string>>;
  /** The daemon that was started; undefined where there is none. */
  readonly daemon?: ServingDaemon;
  /** Ways to command it: the first is its own client. */
  readonly subjects: readonly Subject[];
  /** Further ways that only build images. */
  readonly builders?: readonly Subject[];
}

export interface ServingDaemon {
  /** Another one after a restart. */
  readonly pid: number;
  /** Path of the socket where it serves the Engine API. */
  readonly socket: string;
  /** Ends it, containers left alone, and starts it. @returns milliseconds from its spawn until it lists containers. */
  restart(): Promise<number>;
}

/** A column of the tables: one client speaking to one server. */
export interface Subject {
  readonly name: string;
  /** The command line that does what `docker ARGS...` does. */
  command(args: readonly string[]): Command;
}

/** What the bench knows of a peer that may not be installed. */
export interface PeerKind {
  readonly name: string;
  /** Why it cannot be measured here; undefined when it can. */
  missing(): string | undefined;
  start(stage: Stage): Promise<Peer>;
}
