import { invalidParameter } from '../../../core/errors.ts';

/** Where an object storage is, and how it wants to be spoken to. */
export interface S3Location {
  readonly bucket: string;
  /** Empty, or what all keys begin with, with a slash at its end. */
  readonly prefix: string;
  readonly region: string;
  /** Of anything but Amazon's own: `https://host:port`. */
  readonly endpoint?: string;
  /** The bucket is part of the path, not of the host's name. */
  readonly pathStyle: boolean;
  /** Clients fetch blobs there by themselves, with a signed URL. */
  readonly redirect: boolean;
}

const KNOWN = ['region', 'endpoint', 'path-style', 'redirect'];

/**
 * Reads `s3://BUCKET/PREFIX?region=…&endpoint=…&path-style=true&redirect=false`. Credentials come from where
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
      'no credentials in --storage: give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  const unknown = [...url.searchParams.keys()].find((name) => !KNOWN.includes(name));
  if (unknown) throw invalidParameter(`--storage has no option "${unknown}": there are ${KNOWN.join(', ')}`);
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
