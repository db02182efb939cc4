import type { ImageSummary } from '../../api/engine/images.ts';
import { shortId } from '../../core/ids.ts';
import { formatBytes, formatDuration } from '../../core/units.ts';
import type { Fields, Listing } from '../format/listing.ts';
import { exactSize } from '../format/text.ts';
import { formatGoTime } from '../time.ts';

const NONE = '<none>';

export const IMAGE_LISTING: Listing = {
  typeName: '*formatter.imageContext',
  headings: {
    ID: 'IMAGE ID',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    Digest: 'DIGEST',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    Size: 'SIZE',
    Containers: 'CONTAINERS',
    VirtualSize: 'SIZE',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
  columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'],
};

interface ImageRowOptions {
  readonly truncate: boolean;
  /** Also one row for each digest. */
  readonly digests: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** The rows of one image: one for each of its names. */
export function imageFields(image: ImageSummary, options: ImageRowOptions): Fields[] {
  return namesOf(image, options.digests).map((name) => ({
    ID: options.truncate ? shortId(image.Id) : image.Id,
    Repository: name.repository,
    Tag: name.tag,
    Digest: name.digest,
    CreatedSince: image.Created > 0 ? `${formatDuration(options.now / 1000 - image.Created)} ago` : 'N/A',
    CreatedAt: formatGoTime(image.Created * 1000),
    Size: formatBytes(image.Size),
    VirtualSize: exactSize(image.Size),
    Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
    SharedSize: image.SharedSize < 0 ? 'N/A' : formatBytes(image.SharedSize),
    UniqueSize: image.SharedSize < 0 ? 'N/A' : exactSize(image.Size - image.SharedSize),
  }));
}

function namesOf(image: ImageSummary, digests: boolean): Name[] {
  const tagged = (image.RepoTags ?? []).filter((tag) => tag !== `${NONE}:${NONE}`).map(splitTag);
  const byDigest = (image.RepoDigests ?? [])
    .filter((digest) => !digest.startsWith(`${NONE}@`))
    .map(splitDigest);
  if (tagged.length === 0)
    return byDigest.length > 0 ? byDigest : [{ repository: NONE, tag: NONE, digest: NONE }];
  if (!digests) return tagged;
  return tagged.flatMap((name) => {
    const known = byDigest.filter(({ repository }) => repository === name.repository);
    return known.length === 0 ? [name] : known.map(({ digest }) => ({ ...name, digest }));
  });
}

function splitTag(text: string): Name {
  const colon = text.lastIndexOf(':');
  return { repository: text.slice(0, colon), tag: text.slice(colon + 1), digest: NONE };
}

function splitDigest(text: string): Name {
  const at = text.indexOf('@');
  return { repository: text.slice(0, at), tag: NONE, digest: text.slice(at + 1) };
}
