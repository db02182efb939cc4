import { readFile } from 'node:fs/promises';
import { KeyedLock } from '../../core/keyed-lock.ts';
import type { Mounts } from '../../host/host.ts';
import { isMounted } from '../../volume/driver-options.ts';
import { mountDevice } from '../../volume/mount-device.ts';
import { unescapePath } from '../../volume/propagation.ts';
import type { Volume } from '../../volume/volumes.ts';

/**
 * Who uses which volume right now. A volume whose options make it a file system of its own is mounted on the host at its
 * first use and unmounted after the last; others need nothing.
 */
export class MountedVolumes {
  readonly #root: string;
  readonly #mounts: Mounts;
  /** By the volume's name. */
  readonly #users = new Map<string, Set<string>>();
  readonly #locks = new KeyedLock();

  /** @param root the directory of all volumes. */
  constructor(root: string, mounts: Mounts) {
    this.#root = root;
    this.#mounts = mounts;
  }

  /** @param user a container's id, or any word that nobody else says. @throws BargeError system when mounting fails. */
  async use(volume: Volume, user: string): Promise<void> {
    if (!isMounted(volume.options)) return this.#add(volume, user);
    await this.#locks.run(volume.name, async () => {
      if (!this.#users.has(volume.name)) await this.#mount(volume);
      this.#add(volume, user);
    });
  }

  #add({ name }: Volume, user: string): void {
    this.#users.set(name, (this.#users.get(name) ?? new Set()).add(user));
  }

  /** @returns whether the volume had this user, and now has none. */
  #drop({ name }: Volume, user: string): boolean {
    const users = this.#users.get(name);
    if (!users?.delete(user) || users.size > 0) return false;
    return this.#users.delete(name);
  }

  async #mount({ options, mountpoint }: Volume): Promise<void> {
    await this.#locks.run('', async () => {
      if (!(await mountsBelow(this.#root)).includes(this.#root)) await this.#mounts.share(this.#root);
    });
    await mountDevice(this.#mounts, options, mountpoint);
  }

  async release(volume: Volume, user: string): Promise<void> {
    if (!isMounted(volume.options)) {
      this.#drop(volume, user);
      return;
    }
    await this.#locks.run(volume.name, async () => {
      if (this.#drop(volume, user)) await this.#mounts.unmount(volume.mountpoint);
    });
  }

  usersOf(name: string): string[] {
    return [...(this.#users.get(name) ?? [])];
  }

  /** After a start of the daemon: `users` go on using what is mounted, and what nobody uses is unmounted. */
  async recover(users: readonly (readonly [volume: Volume, user: string])[]): Promise<void> {
    const mounts = await mountsBelow(this.#root);
    const kept = new Set([this.#root]);
    for (const [volume, user] of users) {
      this.#add(volume, user);
      if (isMounted(volume.options)) kept.add(volume.mountpoint);
    }
    for (const path of mounts.toReversed()) if (!kept.has(path)) await this.#mounts.unmount(path);
  }

  /** What is in use stays mounted. */
  async close(): Promise<void> {
    const mounts = await mountsBelow(this.#root);
    if (mounts.length === 1) await this.#mounts.unmount(this.#root);
  }
}

/** Paths at and below `root` on which something is mounted, in the order of mounting. */
async function mountsBelow(root: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table
    .split('\n')
    .map((line) => unescapePath(line.split(' ')[4] ?? ''))
    .filter((path) => path === root || path.startsWith(`${root}/`));
}
