import type { Digest } from '../core/digest.ts';
import { formatBytes } from '../core/units.ts';
import { clientAddress } from './http/client-address.ts';
import type { Exchange } from './http/exchange.ts';
import { RegistryError, registryError } from './registry-error.ts';
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

/** Bytes. */
export const DEFAULT_MAX_BLOB = 100e9;

export interface RulesOptions {
  readonly accounts?: RepositoryAccounts | undefined;
  readonly hooks?: Webhooks | undefined;
  /** Bytes that the repositories of an owner hold. */
  readonly measure: (owner: string) => Promise<number>;
  /** Bytes: the longest blob that is taken. */
  readonly maxBlob?: number | undefined;
}

/** What the owners of repositories have decided, and who is told of changes. */
export class Rules {
  readonly #accounts: RepositoryAccounts | undefined;
  readonly #hooks: Webhooks | undefined;
  readonly #measure: (owner: string) => Promise<number>;
  readonly #maxBlob: number;
  readonly #usage = new Map<string, { bytes: number; at: number }>();

  constructor({ accounts, hooks, measure, maxBlob = DEFAULT_MAX_BLOB }: RulesOptions) {
    this.#accounts = accounts;
    this.#hooks = hooks;
    this.#measure = measure;
    this.#maxBlob = maxBlob;
  }

  async isImmutable(repository: string): Promise<boolean> {
    return (await this.#accounts?.settings(repository))?.immutableTags ?? false;
  }

  /**
   * Called before bytes are taken in.
   * @param bytes how many are announced; 0 when the client does not say.
   * @param before bytes that the upload has already.
   * @returns the most that may come.
   * @throws RegistryError DENIED when they do not fit into the owner's quota, SIZE_INVALID when no blob may be as long.
   */
  async assertRoom(repository: string, bytes: number, before = 0): Promise<ChunkLimit | undefined> {
    if (before + bytes > this.#maxBlob) throw this.#tooLong();
    const own = await this.#quotaLeft(repository, before + bytes);
    const limits = [{ bytes: this.#maxBlob - before, error: () => this.#tooLong() }];
    if (own) limits.push({ ...own, bytes: own.bytes - before });
    return limits.reduce((least, limit) => (limit.bytes < least.bytes ? limit : least));
  }

  #tooLong(): Error {
    const message = `the blob is longer than ${formatBytes(this.#maxBlob)}, the most that this registry takes`;
    return new RegistryError([{ code: 'SIZE_INVALID', message }], { status: 413 });
  }

  async #quotaLeft(repository: string, bytes: number): Promise<ChunkLimit | undefined> {
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
    const address = clientAddress(exchange.request);
    const { action, repository, tag, digest } = change;
    const target = `${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
    await this.#accounts?.audit.note({ user, address, action, target });
    await this.#hooks?.send({ ...change, user, address });
  }
}

/** The tag or digest of a changed manifest, whichever there is. */
export const changeOf = (reference: { readonly tag: string } | { readonly digest: Digest }) =>
  'tag' in reference ? { tag: reference.tag } : { digest: reference.digest };
