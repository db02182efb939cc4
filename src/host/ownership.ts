/** A directory that is this process's own until `close`. */
export interface DirectoryLock {
  close(): void;
}

/** Who may use Barge's own directories. The unprivileged implementation maps these ids. */
export interface Ownership {
  /**
   * Makes a directory, or takes over an existing one, that no other user can read or write: owned by this process's user
   * and group, with no permissions beyond `mode`.
   * @throws BargeError system for a path that is something else.
   */
  makePrivate(path: string, mode: number): void;
  /** @param busy the message when another process has the lock. @throws BargeError conflict with `busy`. */
  lockDirectory(path: string, busy: string): DirectoryLock;
}
