import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../../api/oci-image.ts';
import { writeDurably } from '../../core/durable.ts';
import { errnoOf } from '../../core/errors.ts';
import { canonicalName, type Reference } from '../../core/reference.ts';

/** A manifest of a list, as docker stores it. */
export interface KeptManifest {
  /** In full, with tag or digest. */
  readonly Ref: string;
  readonly Descriptor: Descriptor;
  /** Base64 of its bytes. */
  readonly Raw: string;
}

/** `docker.io/library/busybox:1`. */
export function fullName(reference: Reference): string {
  const digest = reference.digest ? `@${reference.digest}` : '';
  return `${canonicalName(reference)}${reference.tag ? `:${reference.tag}` : ''}${digest}`;
}

const fileName = (name: string) => name.replaceAll(':', '-').replaceAll('/', '_');

/** Lists under construction: a directory for each below `manifests` of the configuration, a file for every manifest. */
export class ManifestStore {
  readonly #root: string;

  constructor(configDirectory: string) {
    this.#root = join(configDirectory, 'manifests');
  }

  #directory(list: Reference): string {
    return join(this.#root, fileName(fullName(list)));
  }

  /** Undefined when there is no such list. */
  async read(list: Reference): Promise<KeptManifest[] | undefined> {
    const directory = this.#directory(list);
    try {
      const names = (await readdir(directory)).filter((name) => !name.startsWith('.')).sort();
      return await Promise.all(
        names.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as KeptManifest),
      );
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async put(list: Reference, manifest: KeptManifest): Promise<void> {
    const directory = this.#directory(list);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    await writeDurably(join(directory, fileName(manifest.Ref)), `${JSON.stringify(manifest)}`);
  }

  async remove(list: Reference): Promise<void> {
    await rm(this.#directory(list), { recursive: true, force: true });
  }
}
