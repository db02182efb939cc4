import {
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
  isIndexType,
  isManifestType,
} from '../api/oci-image.ts';
import { type Digest, digestOf, isDigest } from '../core/digest.ts';
import { BargeError, conflict, invalidParameter, notFound } from '../core/errors.ts';
import {
  canonicalName,
  familiarString,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../core/reference.ts';
import type { Database } from '../store/database.ts';
import { readConfig } from './read-config.ts';

/** An image in the store. Its id is the digest of its configuration's bytes. */
export interface Image {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly configBytes: Buffer;
  /** Bytes of all its layers' uncompressed tars. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}

export interface ImageNames {
  /** Familiar form, `name:tag`. */
  readonly tags: readonly string[];
  /** Familiar form, `name@sha256:…`. */
  readonly digests: readonly string[];
}

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

interface ImageRow {
  id: Digest;
  config: string;
  size: number;
  added_at: number;
}

interface ManifestRow {
  digest: Digest;
  media_type: string;
  body: Uint8Array;
}

interface ReferenceRow {
  name: string;
  tag: string | null;
  digest: Digest | null;
  image_id: Digest;
  tagged_at: number;
}

/** Images, the names that point to them, and their manifests in registries. */
export class ImageStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Adds an image whose layers are all in the store. Adding it again changes nothing.
   * @throws BargeError invalid-parameter for an invalid configuration.
   */
  add(configBytes: Uint8Array): Image {
    const config = readConfig(configBytes);
    const id = digestOf(configBytes);
    this.#db.transaction(() => {
      if (this.#db.get('SELECT 1 FROM images WHERE id = ?', id)) return;
      const diffIds = config.rootfs.diff_ids;
      const sizes = diffIds.map(
        (diffId) =>
          this.#db.get<{ size: number }>('SELECT size FROM layers WHERE diff_id = ?', diffId)?.size ?? 0,
      );
      this.#db.run(
        'INSERT INTO images (id, config, size, added_at) VALUES (?, ?, ?, ?)',
        id,
        Buffer.from(configBytes).toString(),
        sizes.reduce((sum, size) => sum + size, 0),
        Date.now(),
      );
      diffIds.forEach((diffId, position) => {
        this.#db.run('INSERT INTO image_layers VALUES (?, ?, ?)', id, position, diffId);
      });
    });
    return this.need(id);
  }

  get(id: Digest): Image | undefined {
    const row = this.#db.get<ImageRow>('SELECT * FROM images WHERE id = ?', id);
    return row && toImage(row);
  }

  need(id: Digest): Image {
    const image = this.get(id);
    if (!image) throw notFound(`No such image: ${id}`);
    return image;
  }

  /** Like `list`, but without reading the configurations, which may be long. */
  ids(): Digest[] {
    const rows = this.#db.all<Pick<ImageRow, 'id'>>('SELECT id FROM images ORDER BY added_at DESC, id');
    return rows.map(({ id }) => id as Digest);
  }

  list(): Image[] {
    return this.#db.all<ImageRow>('SELECT * FROM images ORDER BY added_at DESC, id').map(toImage);
  }

  /**
   * The image that a user's ref names: `name[:tag]`, `name@digest`, a full id, or a prefix of one.
   * @throws BargeError not-found in docker's words, invalid-parameter for an ambiguous prefix of an id.
   */
  find(ref: string): Image {
    const found = this.#byFullId(ref) ?? this.#byReference(ref) ?? this.#byIdPrefix(ref);
    if (!found) throw notFound(`No such image: ${withTagForMessage(ref)}`);
    return found;
  }

  /** Like `find`, for a ref that must be a reference if it is not an id. @throws BargeError invalid-parameter too. */
  require(ref: string): Image {
    const found = this.#byFullId(ref) ?? this.#byIdPrefix(ref);
    if (!found) parseReference(ref);
    return this.find(ref);
  }

  #byFullId(ref: string): Image | undefined {
    if (isDigest(ref)) return this.get(ref);
    return /^[0-9a-f]{64}$/.test(ref) ? this.get(`sha256:${ref}`) : undefined;
  }

  #byReference(ref: string): Image | undefined {
    const id = this.#idOf(ref);
    return id && this.get(id);
  }

  #idOf(ref: string): Digest | undefined {
    let reference: Reference;
    try {
      reference = withDefaultTag(parseReference(ref));
    } catch (error) {
      if (error instanceof BargeError) return undefined;
      throw error;
    }
    return this.resolve(reference);
  }

  /** The id that a reference points to; a digest may be a manifest's or the image's own. */
  resolve(reference: Reference): Digest | undefined {
    const name = canonicalName(reference);
    const row = reference.digest
      ? this.#db.get<ReferenceRow>(
          'SELECT * FROM image_references WHERE name = ? AND digest = ?',
          name,
          reference.digest,
        )
      : this.#db.get<ReferenceRow>(
          'SELECT * FROM image_references WHERE name = ? AND tag = ?',
          name,
          reference.tag ?? '',
        );
    return row?.image_id;
  }

  #byIdPrefix(ref: string): Image | undefined {
    const prefix = ref.startsWith('sha256:') ? ref.slice('sha256:'.length) : ref;
    if (!/^[0-9a-f]{1,64}$/.test(prefix)) return undefined;
    const low = `sha256:${prefix}`;
    const rows = this.#db.all<ImageRow>(
      'SELECT * FROM images WHERE id >= ? AND id < ? LIMIT 2',
      low,
      `${low}g`,
    );
    if (rows.length > 1) throw invalidParameter(`ambiguous image id prefix: ${ref} (use more of its digits)`);
    return rows[0] && toImage(rows[0]);
  }

  names(id: Digest): ImageNames {
    const rows = this.#db.all<ReferenceRow>(
      'SELECT * FROM image_references WHERE image_id = ? ORDER BY name, tag',
      id,
    );
    const shown = rows.map((row) => ({ row, text: familiarString(toReference(row)) }));
    return {
      tags: shown.filter(({ row }) => row.tag !== null).map(({ text }) => text),
      digests: shown.filter(({ row }) => row.digest !== null).map(({ text }) => text),
    };
  }

  /** Names of all images at once, for lists. */
  allNames(): Map<Digest, ImageNames> {
    const all = new Map<Digest, { tags: string[]; digests: string[] }>();
    for (const row of this.#db.all<ReferenceRow>('SELECT * FROM image_references ORDER BY name, tag')) {
      const names = all.get(row.image_id) ?? { tags: [], digests: [] };
      (row.tag === null ? names.digests : names.tags).push(familiarString(toReference(row)));
      all.set(row.image_id, names);
    }
    return all;
  }

  /**
   * A repository of the same registry that a layer was pulled from or pushed to: its path, or undefined. The layer may have been
   * removed there since.
   */
  otherRepositoryWith(
    diffId: Digest,
    { domain, path }: Pick<Reference, 'domain' | 'path'>,
  ): string | undefined {
    const row = this.#db.get<{ name: string }>(
      `SELECT r.name FROM image_layers l JOIN image_references r ON r.image_id = l.image_id
       WHERE l.diff_id = ? AND r.digest IS NOT NULL AND r.name > ? AND r.name < ? AND r.name <> ?
       ORDER BY r.tagged_at DESC LIMIT 1`,
      diffId,
      `${domain}/`,
      `${domain}0` /* what follows the slash */,
      `${domain}/${path}`,
    );
    return row?.name.slice(domain.length + 1);
  }

  lastTagged(id: Digest): number | undefined {
    const row = this.#db.get<{ at: number | null }>(
      'SELECT max(tagged_at) AS at FROM image_references WHERE image_id = ? AND tag IS NOT NULL',
      id,
    );
    return row?.at ?? undefined;
  }

  /**
   * Points `reference` (with a tag or a digest) to an image; a tag is moved from its previous image.
   * @param target the document that a push of the tag sends, an index or a manifest stored with the image; absent: a manifest
   *   created from the image.
   */
  tag(reference: Reference, id: Digest, target?: Digest): void {
    const name = canonicalName(reference);
    if (reference.digest) {
      this.#db.run(
        'INSERT OR REPLACE INTO image_references (name, digest, image_id, tagged_at) VALUES (?, ?, ?, ?)',
        name,
        reference.digest,
        id,
        Date.now(),
      );
      return;
    }
    this.#db.run(
      'INSERT OR REPLACE INTO image_references (name, tag, image_id, tagged_at, target) VALUES (?, ?, ?, ?, ?)',
      name,
      reference.tag ?? '',
      id,
      Date.now(),
      target ?? null,
    );
  }

  /** The document that a tag stands for, if any. */
  target(reference: Reference): StoredManifest | undefined {
    const row = this.#db.get<ManifestRow>(
      `SELECT m.digest, m.media_type, m.body FROM image_references r JOIN image_manifests m
       ON m.image_id = r.image_id AND m.digest = r.target WHERE r.name = ? AND r.tag = ?`,
      canonicalName(reference),
      reference.tag ?? '',
    );
    return row && toManifest(row);
  }

  /** An index that is stored with the images that it names. */
  index(digest: Digest): StoredManifest | undefined {
    const row = this.#db.get<ManifestRow>(
      'SELECT digest, media_type, body FROM image_manifests WHERE digest = ? LIMIT 1',
      digest,
    );
    return row && isIndexType(row.media_type) ? toManifest(row) : undefined;
  }

  /** The image whose own manifest this is. */
  byManifest(digest: Digest): Image | undefined {
    const rows = this.#db.all<ManifestRow & { image_id: Digest }>(
      'SELECT image_id, digest, media_type, body FROM image_manifests WHERE digest = ?',
      digest,
    );
    const own = rows.find((row) => isManifestType(row.media_type) && configOf(row.body) === row.image_id);
    return own && this.get(own.image_id);
  }

  /** Whether a tag of any image stands for an index that contains this image. */
  isInIndex(id: Digest): boolean {
    const row = this.#db.get(
      `SELECT 1 FROM image_manifests m JOIN image_references r ON r.target = m.digest
       WHERE m.image_id = ? LIMIT 1`,
      id,
    );
    return row !== undefined;
  }

  /** @returns whether the name existed. */
  untag(reference: Reference): boolean {
    const name = canonicalName(reference);
    const removed = reference.digest
      ? this.#db.run('DELETE FROM image_references WHERE name = ? AND digest = ?', name, reference.digest)
      : this.#db.run('DELETE FROM image_references WHERE name = ? AND tag = ?', name, reference.tag ?? '');
    return removed > 0;
  }

  addManifest(id: Digest, descriptor: Pick<Descriptor, 'digest' | 'mediaType'>, bytes: Uint8Array): void {
    this.#db.run(
      'INSERT OR IGNORE INTO image_manifests (image_id, digest, media_type, body) VALUES (?, ?, ?, ?)',
      id,
      descriptor.digest,
      descriptor.mediaType,
      bytes,
    );
  }

  manifests(id: Digest): StoredManifest[] {
    return this.#db
      .all<ManifestRow>(
        'SELECT digest, media_type, body FROM image_manifests WHERE image_id = ? ORDER BY rowid',
        id,
      )
      .map(toManifest);
  }

  /** Removes an image and all of its names. Its layers remain until they are collected. */
  remove(id: Digest): void {
    if (this.#db.run('DELETE FROM images WHERE id = ?', id) === 0)
      throw conflict(`image ${id} has already been removed`);
  }
}

/** Go writes an empty list as null: an image without layers is one, too. */
function storedConfig(text: string): ImageConfig {
  const config: ImageConfig = JSON.parse(text);
  if (config?.rootfs?.diff_ids !== null) return config;
  return { ...config, rootfs: { ...config.rootfs, diff_ids: [] } };
}

function toImage(row: ImageRow): Image {
  const configBytes = Buffer.from(row.config);
  return {
    id: row.id,
    config: storedConfig(row.config),
    configBytes,
    size: row.size,
    addedAt: row.added_at,
  };
}

function toManifest({ digest, media_type, body }: ManifestRow): StoredManifest {
  return { digest, mediaType: media_type, bytes: Buffer.from(body) };
}

function configOf(manifest: Uint8Array): Digest | undefined {
  return (JSON.parse(Buffer.from(manifest).toString()) as Partial<ImageManifest>).config?.digest;
}

function toReference(row: ReferenceRow): Reference {
  const slash = row.name.indexOf('/');
  const base = { domain: row.name.slice(0, slash), path: row.name.slice(slash + 1) };
  return row.tag !== null
    ? { ...base, tag: row.tag }
    : { ...base, ...(row.digest ? { digest: row.digest } : {}) };
}

/** Docker's message names the image with its default tag. */
function withTagForMessage(ref: string): string {
  try {
    return familiarString(withDefaultTag(parseReference(ref)));
  } catch {
    return ref;
  }
}
