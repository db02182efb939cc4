/** A directory of the host that shows a container's files as long as it is not disposed. */
export interface View extends AsyncDisposable {
  readonly path: string;
}

interface Shared {
  users: number;
  readonly view: Promise<View>;
}

/**
 * Views of containers' files. The kernel wants one writable overlay at a time over the same directories: of a container that
 * does not run, all users share one, and it is mounted only when no view of its last run is in use any more.
 */
export class ContainerViews {
  readonly #ofRuns = new Map<string, Set<Promise<unknown>>>();
  readonly #shared = new Map<string, Shared>();
  readonly #closing = new Map<string, Promise<void>>();

  /** Uses a view of a running container, which this disposes. */
  async ofRun<T>(id: string, view: View, use: (path: string) => Promise<T>): Promise<T> {
    const others = this.#ofRuns.get(id) ?? new Set();
    this.#ofRuns.set(id, others);
    const using = Promise.withResolvers<void>();
    others.add(using.promise);
    try {
      return await use(view.path);
    } finally {
      await view[Symbol.asyncDispose]();
      others.delete(using.promise);
      if (others.size === 0) this.#ofRuns.delete(id);
      using.resolve();
    }
  }

  /** Uses the view of a container that does not run. @param open mounts it for the first user. */
  async ofStopped<T>(id: string, open: () => Promise<View>, use: (path: string) => Promise<T>): Promise<T> {
    while (this.#closing.has(id)) await this.#closing.get(id);
    const shared = this.#shared.get(id) ?? { users: 0, view: this.#runsOver(id).then(open) };
    this.#shared.set(id, shared);
    shared.users++;
    try {
      return await use((await shared.view).path);
    } finally {
      shared.users--;
      if (shared.users === 0) await this.#close(id, shared);
    }
  }

  async #runsOver(id: string): Promise<void> {
    await Promise.all(this.#ofRuns.get(id) ?? []);
  }

  async #close(id: string, { view }: Shared): Promise<void> {
    this.#shared.delete(id);
    /* One that could not be mounted has failed its users already. */
    const opened = await view.catch(() => undefined);
    if (!opened) return;
    const closed = Promise.resolve(opened[Symbol.asyncDispose]());
    const over = closed.then(
      () => {},
      () => {},
    );
    this.#closing.set(id, over);
    try {
      await closed;
    } finally {
      this.#closing.delete(id);
    }
  }
}
