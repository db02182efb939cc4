import type { Digest } from '../core/digest.ts';
import { formatBytes } from '../core/units.ts';
import type { Exchange } from './http/exchange.ts';
import { registryError } from './registry-error.ts';
import type { ChunkLimit } from './storage/storage.ts';
import type { ContentChange, Webhooks } from './webhooks.ts';

/** What the registry's accounts know of repositories. */
export interface RepositoryAccounts {
  settings(repository: string): Promise<{ readonly immutableTags: boolean }>;
  /** Bytes that the owner of a repository may fill; undefined: as many as there are. */
  quotaOf(repository: string): Promise<number | undefined>;
  readonly audit: {
    note(entry: {
      user: string | null;
      address: string | null;
      action: string;
      target: string;
    }): Promise<void>;
  };
}

/** How long a measured usage is believed, in milliseconds. */
const MEASURE_EVERY = 30_000;

/** What the owners of repositories have decided, and who is told of changes. */
export class Rules {
  readonly #accounts: RepositoryAccounts | undefined;
  readonly #hooks: Webhooks | undefined;
  readonly #measure: (owner: string) => Promise<number>;
  readonly #usage = new Map<string, { bytes: number; at: number }>();

  /** @param measure bytes that the repositories of an owner hold. */
  constructor(
    accounts: RepositoryAccounts | undefined,
    hooks: Webhooks | undefined,
    measure: (owner: string) => Promise<number>,
  ) {
    this.#accounts = accounts;
    this.#hooks = hooks;
    this.#measure = measure;
  }

  async isImmutable(repository: string): Promise<boolean> {
    return (await this.#accounts?.settings(repository))?.immutableTags ?? false;
  }

  /**
   * Called before bytes are taken in.
   * @param bytes how many are announced; 0 when the client does not say.
   * @returns the most that may come, when there is a limit.
   * @throws RegistryError DENIED when they do not fit into the owner's quota.
   */
  async assertRoom(repository: string, bytes: number): Promise<ChunkLimit | undefined> {
    const quota = await this.#accounts?.quotaOf(repository);
    if (quota === undefined) return undefined;
    const [owner = ''] = repository.split('/');
    let used = this.#usage.get(owner);
    if (!used || Date.now() - used.at > MEASURE_EVERY || used.bytes + bytes > quota) {
      used = { bytes: await this.#measure(owner), at: Date.now() };
      this.#usage.set(owner, used);
    }
    const { bytes: usedBytes } = used;
    const full = () =>
      registryError(
        'DENIED',
        `the quota of ${owner} is full: ${formatBytes(usedBytes)} of ${formatBytes(quota)} are used; delete what is not needed, or ask an administrator for more`,
      );
    if (usedBytes + Math.max(bytes, 1) <= quota) return { bytes: quota - usedBytes, error: full };
    throw full();
  }

  /** Counts what has just been taken in, until the next measurement. */
  noteBytes(repository: string, bytes: number): void {
    const used = this.#usage.get(repository.split('/')[0] ?? '');
    if (used) used.bytes += bytes;
  }

  /** Writes down what a visitor has changed, and tells who wants to know. */
  async noteChange(exchange: Exchange, change: Omit<ContentChange, 'user' | 'address'>): Promise<void> {
    const user = exchange.visitor.user ?? null;
    const address = exchange.request.socket.remoteAddress ?? null;
    const { action, repository, tag, digest } = change;
    const target = `${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
    await this.#accounts?.audit.note({ user, address, action, target });
    await this.#hooks?.send({ ...change, user, address });
  }
}

/** The tag or digest of a changed manifest, whichever there is. */
export const changeOf = (reference: { readonly tag: string } | { readonly digest: Digest }) =>
  'tag' in reference ? { tag: reference.tag } : { digest: reference.digest };
