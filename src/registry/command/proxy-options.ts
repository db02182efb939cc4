import { invalidParameter } from '../../core/errors.ts';
import type { FlagValues } from './flags.ts';
import { bytes, milliseconds } from './values.ts';

/** The registry to cache. */
export interface ProxyOptions {
  /** `https://host[:port]`. */
  readonly origin: string;
  readonly user?: string;
  /** Paths of files. */
  readonly passwordFile?: string;
  readonly ca?: string;
  /** Milliseconds for which a tag is not checked again. */
  readonly fresh: number;
  readonly maxBytes?: number;
  /** Milliseconds after which unused content is removed. */
  readonly maxAge?: number;
}

const NEEDING = [
  'proxy-user',
  'proxy-password-file',
  'proxy-ca',
  'proxy-fresh',
  'proxy-size',
  'proxy-age',
] as const;
export const PROXY_FLAGS = ['proxy', ...NEEDING] as const;

/** @throws BargeError invalid-parameter naming the flag and its valid values. */
export function proxyOptions(values: FlagValues<(typeof PROXY_FLAGS)[number]>): ProxyOptions | undefined {
  const stray = NEEDING.find((name) => values[name] !== undefined);
  if (values.proxy === undefined) {
    if (stray) throw invalidParameter(`--${stray} needs --proxy`);
    return undefined;
  }
  const url = URL.parse(values.proxy);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || url.username) {
    throw invalidParameter(`invalid --proxy "${values.proxy}": want http:// or https:// and a host`);
  }
  const { 'proxy-user': user, 'proxy-password-file': passwordFile } = values;
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw invalidParameter('--proxy-user and --proxy-password-file require each other');
  }
  return {
    origin: url.origin,
    ...(user && passwordFile ? { user, passwordFile } : {}),
    ...(values['proxy-ca'] ? { ca: values['proxy-ca'] } : {}),
    fresh: milliseconds('proxy-fresh', values['proxy-fresh'] ?? '0'),
    ...(values['proxy-size'] ? { maxBytes: bytes('proxy-size', values['proxy-size']) } : {}),
    ...(values['proxy-age'] ? { maxAge: milliseconds('proxy-age', values['proxy-age']) } : {}),
  };
}
