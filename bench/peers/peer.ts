import type { Command } from '../measure/process.ts';
import type { Stage } from '../stage/stage.ts';

/**
 * A running container platform under measurement, which has the image `busybox`. All of them share docker's command
 * line, so a suite needs little else.
 */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Names of programs and their versions. */
  readonly versions: Readonly<Record<string, string>>;
  /** The pid of its daemon; undefined without one. */
  readonly daemon?: ServingDaemon;
  /** Clients that control it; the first is its own. */
  readonly subjects: readonly Subject[];
  /** Additional clients that only build images. */
  readonly builders?: readonly Subject[];
}

export interface ServingDaemon {
  /** Changes with a restart. */
  readonly pid: number;
  /** Path of the socket of its Engine API. */
  readonly socket: string;
  /** Stops the daemon but not its containers, and starts it again. @returns milliseconds from its spawn until it lists containers. */
  restart(): Promise<number>;
}

/** A column of the tables: one client with one server. */
export interface Subject {
  readonly name: string;
  /** The command line that corresponds to `docker ARGS...`. */
  command(args: readonly string[]): Command;
}

/** A peer that may not be installed. */
export interface PeerKind {
  readonly name: string;
  /** The reason why it cannot be measured here; undefined when it can. */
  missing(): string | undefined;
  start(stage: Stage): Promise<Peer>;
}
