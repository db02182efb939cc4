/** Locks by key, across all processes that serve the store. */
export interface Locks {
  /** Waits for `key`. An action must not acquire its own key again. */
  run<T>(key: string, action: () => Promise<T>): Promise<T>;
  /** Resolves to undefined at once when `key` is locked. */
  attempt<T>(key: string, action: () => Promise<T>): Promise<T | undefined>;
}

/** The lock for adding owners of content and for removing the content. */
export const contentLock = (digest: string): string => `content ${digest}`;
export const uploadLock = (id: string): string => `upload ${id}`;
export const COLLECTION_LOCK = 'collection';
