import type { Digest } from '../core/digest.ts';
import { formatBytes } from '../core/units.ts';
import { clientAddress } from './client-address.ts';
import type { Exchange } from './exchange.ts';
import { type Quota, Quotas } from './quotas.ts';
import { RegistryError } from './registry-error.ts';
import type { ChunkLimit } from './storage/storage.ts';
import type { ContentChange, Webhooks } from './webhooks.ts';

/** The accounts' settings of repositories. */
interface RepositoryAccounts {
  settings(repository: string): Promise<{ readonly immutableTags: boolean }>;
  /** The quota of this repository's owner; undefined: no limit. */
  quotaFor(repository: string): Promise<Quota | undefined>;
  readonly audit: {
    note(entry: {
      user: string | null;
      address: string | null;
      action: string;
      target: string;
    }): Promise<void>;
  };
}

/** Bytes. */
const DEFAULT_MAX_BLOB = 100e9;

interface RulesOptions {
  readonly accounts?: RepositoryAccounts | undefined;
  readonly hooks?: Webhooks | undefined;
  /** Bytes used by the repositories below the namespaces. */
  readonly measure: (namespaces: readonly string[]) => Promise<number>;
  /** Maximum bytes of a blob. */
  readonly maxBlob?: number | undefined;
}

/** The owners' rules for repositories, and notifications of changes. */
export class Rules {
  readonly #accounts: RepositoryAccounts | undefined;
  readonly #hooks: Webhooks | undefined;
  readonly #quotas: Quotas;
  readonly #maxBlob: number;

  constructor({ accounts, hooks, measure, maxBlob = DEFAULT_MAX_BLOB }: RulesOptions) {
    this.#accounts = accounts;
    this.#hooks = hooks;
    this.#quotas = new Quotas(measure);
    this.#maxBlob = maxBlob;
  }

  async isImmutable(repository: string): Promise<boolean> {
    return (await this.#accounts?.settings(repository))?.immutableTags ?? false;
  }

  /**
   * To be called before bytes of a blob are received.
   * @param bytes the announced number; 0 when the client does not specify it.
   * @param before bytes that the upload already has.
   * @returns the limit on the bytes.
   * @throws RegistryError DENIED when they exceed the owner's quota, SIZE_INVALID when they exceed the maximum size of a blob.
   */
  async assertRoom(repository: string, bytes: number, before = 0): Promise<ChunkLimit> {
    if (before + bytes > this.#maxBlob) throw this.#tooLong();
    const quota = await this.#accounts?.quotaFor(repository);
    const own = quota && (await this.#quotas.assertRoom(quota, bytes));
    let isShort = true;
    return {
      admits: (taken) => {
        isShort = before + taken <= this.#maxBlob;
        return isShort && (own?.admits(taken) ?? true);
      },
      error: () => (own && isShort ? own.error() : this.#tooLong()),
    };
  }

  /**
   * To be called before a repository gets complete content: a manifest, or a blob of another repository.
   * @throws RegistryError DENIED when it exceeds the owner's quota.
   */
  async assertRoomFor(repository: string, bytes: number): Promise<void> {
    const quota = await this.#accounts?.quotaFor(repository);
    if (quota) (await this.#quotas.assertRoom(quota, bytes)).admits(bytes);
  }

  #tooLong(): Error {
    const message = `the blob is longer than ${formatBytes(this.#maxBlob)}, the limit of this registry`;
    return new RegistryError([{ code: 'SIZE_INVALID', message }], { status: 413 });
  }

  /** Records a visitor's change in the audit log, and notifies the webhooks. */
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
