import { invalidParameter } from '../../../core/errors.ts';

/** The location and access options of an object storage. */
export interface S3Location {
  readonly bucket: string;
  /** Empty, or the prefix of all keys, with a trailing slash. */
  readonly prefix: string;
  readonly region: string;
  /** For storage other than Amazon's: `https://host:port`. */
  readonly endpoint?: string;
  /** The bucket is part of the path, not of the host's name. */
  readonly pathStyle: boolean;
  /** Whether clients fetch blobs there directly, with a signed URL. */
  readonly redirect: boolean;
}

const KNOWN = ['region', 'endpoint', 'path-style', 'redirect'];

/**
 * Reads `s3://BUCKET/PREFIX?region=…&endpoint=…&path-style=true&redirect=false`. Credentials come from the places where
 * Amazon's tools look: the environment, `~/.aws`, the machine's role.
 * @throws BargeError invalid-parameter.
 */
export function parseS3Location(text: string): S3Location {
  const url = URL.parse(text);
  if (url?.protocol !== 's3:' || !url.hostname) {
    throw invalidParameter(`invalid --storage "${text}": want s3://BUCKET/PREFIX`);
  }
  if (url.username || url.password) {
    throw invalidParameter(
      'credentials are not allowed in --storage: pass them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  const unknown = [...url.searchParams.keys()].find((name) => !KNOWN.includes(name));
  if (unknown) throw invalidParameter(`--storage has no option "${unknown}": want ${KNOWN.join(', ')}`);
  const endpoint = url.searchParams.get('endpoint');
  if (endpoint && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw invalidParameter(
      `invalid endpoint "${endpoint}" in --storage: want http:// or https:// and a host`,
    );
  }
  const prefix = url.pathname.split('/').filter(Boolean).join('/');
  return {
    bucket: url.hostname,
    prefix: prefix ? `${prefix}/` : '',
    region: url.searchParams.get('region') ?? process.env.AWS_REGION ?? 'us-east-1',
    ...(endpoint ? { endpoint } : {}),
    pathStyle: flag(url, 'path-style', endpoint !== null),
    redirect: flag(url, 'redirect', true),
  };
}

function flag(url: URL, name: string, usual: boolean): boolean {
  const text = url.searchParams.get(name);
  if (text === null) return usual;
  if (text === 'true' || text === 'false') return text === 'true';
  throw invalidParameter(`invalid ${name}=${text} in --storage: want true or false`);
}
