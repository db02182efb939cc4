import type { BlockList } from 'node:net';
import { invalidParameter } from '../../core/errors.ts';
import { parseTrustedProxies } from '../client-address.ts';
import { type FlagName, type Flags, type FlagValues, flagsOf, STORE_FLAGS } from './flags.ts';
import { PROXY_FLAGS, type ProxyOptions, proxyOptions } from './proxy-options.ts';
import { type StoreOptions, storeOptions } from './store.ts';
import { bytes, milliseconds } from './values.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Options of a serving `barge-registry`. */
export interface ServeOptions {
  readonly store: StoreOptions;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  readonly htpasswd?: string;
  /** Access control by the users, organisations and tokens of the data root. */
  readonly accounts: boolean;
  readonly selfRegistration: boolean;
  readonly externalUrl?: string;
  readonly trustedProxies?: BlockList;
  readonly webhooks: readonly string[];
  /** Path of a file. */
  readonly webhookSecret?: string;
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly collection: CollectionOptions;
  readonly scrub: { readonly interval: number; readonly rate: number };
  /** Path of a file of retention rules. */
  readonly retention?: string;
  /** Maximum requests of a user or an address within a time in milliseconds. */
  readonly rateLimit?: { readonly count: number; readonly window: number };
  /** Milliseconds. */
  readonly uploadExpiry: number;
  readonly drainTimeout: number;
  /** Bytes. */
  readonly maxBlob: number;
  readonly proxy?: ProxyOptions;
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Milliseconds. */
interface CollectionOptions {
  /** 0: never. */
  readonly interval: number;
  readonly grace: number;
  readonly untagged?: number;
}

const DEFAULT_INTERVAL = '24h';
const DEFAULT_GRACE = '24h';
const DEFAULT_SCRUB_INTERVAL = '168h';
const DEFAULT_SCRUB_RATE = '20MB';
const DEFAULT_UPLOAD_EXPIRY = '24h';
const DEFAULT_MAX_BLOB = '100GB';
const DEFAULT_DRAIN_TIMEOUT = '10s';

/** @throws BargeError invalid-parameter naming the flag and its valid values. */
export function collectionOptions(
  values: FlagValues<'gc-interval' | 'gc-grace' | 'gc-untagged'>,
): CollectionOptions {
  const untagged = values['gc-untagged'];
  return {
    interval: milliseconds('gc-interval', values['gc-interval'] ?? DEFAULT_INTERVAL),
    grace: milliseconds('gc-grace', values['gc-grace'] ?? DEFAULT_GRACE),
    ...(untagged ? { untagged: milliseconds('gc-untagged', untagged) } : {}),
  };
}

function parseRateLimit(text: string): { count: number; window: number } {
  const [count = '', window = '1m', ...rest] = text.split('/');
  if (!/^[1-9]\d{0,8}$/.test(count) || rest.length > 0) {
    throw invalidParameter(`invalid --rate-limit "${text}": want REQUESTS/DURATION, such as 600/1m`);
  }
  return { count: Number(count), window: milliseconds('rate-limit', window) };
}

/** The flags of the registry that serves. */
const SERVE_FLAGS = [
  ...STORE_FLAGS,
  ...PROXY_FLAGS,
  'listen',
  'htpasswd',
  'accounts',
  'external-url',
  'trusted-proxies',
  'webhook',
  'webhook-secret',
  'self-registration',
  'tls-cert',
  'tls-key',
  'log-level',
  'metrics-listen',
  'gc-interval',
  'gc-grace',
  'gc-untagged',
  'max-blob-size',
  'upload-expiry',
  'drain-timeout',
  'rate-limit',
  'retention',
  'scrub-interval',
  'scrub-rate',
] as const satisfies readonly FlagName[];

/** @throws BargeError invalid-parameter naming the flag and its valid values. */
export function serveOptions(flags: Flags): ServeOptions {
  const values = flagsOf(flags, 'barge-registry', SERVE_FLAGS);
  const { 'tls-cert': cert, 'tls-key': key, htpasswd } = values;
  if ((cert === undefined) !== (key === undefined)) {
    throw invalidParameter(
      `--tls-cert and --tls-key require each other; ${cert ? '--tls-key' : '--tls-cert'} is missing`,
    );
  }
  if (htpasswd && values.accounts) {
    throw invalidParameter(
      '--htpasswd and --accounts exclude each other; import the users with barge-registry user import FILE',
    );
  }
  if (values['self-registration'] && !values.accounts) {
    throw invalidParameter('--self-registration needs --accounts');
  }
  const proxy = proxyOptions(values);
  if (proxy && values['self-registration']) {
    throw invalidParameter(
      '--self-registration and --proxy exclude each other: new users could pull repositories of the origin below their name',
    );
  }
  return {
    store: storeOptions(values),
    scrub: {
      interval: milliseconds('scrub-interval', values['scrub-interval'] ?? DEFAULT_SCRUB_INTERVAL),
      rate: bytes('scrub-rate', values['scrub-rate'] ?? DEFAULT_SCRUB_RATE),
    },
    ...(values.retention ? { retention: values.retention } : {}),
    ...(values['rate-limit'] ? { rateLimit: parseRateLimit(values['rate-limit']) } : {}),
    uploadExpiry: milliseconds('upload-expiry', values['upload-expiry'] ?? DEFAULT_UPLOAD_EXPIRY),
    drainTimeout: milliseconds('drain-timeout', values['drain-timeout'] ?? DEFAULT_DRAIN_TIMEOUT),
    maxBlob: bytes('max-blob-size', values['max-blob-size'] ?? DEFAULT_MAX_BLOB),
    ...(proxy ? { proxy } : {}),
    ...parseListen('listen', values.listen ?? '127.0.0.1:5000'),
    collection: collectionOptions(values),
    accounts: values.accounts ?? false,
    webhooks: (values.webhook ?? '').split(',').filter(Boolean).map(webhook),
    ...(values['webhook-secret'] ? { webhookSecret: values['webhook-secret'] } : {}),
    selfRegistration: values['self-registration'] ?? false,
    ...(values['external-url'] ? { externalUrl: plainUrl(values['external-url']) } : {}),
    ...(values['trusted-proxies'] ? { trustedProxies: parseTrustedProxies(values['trusted-proxies']) } : {}),
    ...(values['metrics-listen'] ? { metrics: parseListen('metrics-listen', values['metrics-listen']) } : {}),
    logLevel: parseLevel(values['log-level'] ?? 'info'),
    ...(htpasswd ? { htpasswd } : {}),
    ...(cert && key ? { tls: { cert, key } } : {}),
  };
}

function webhook(text: string): string {
  const url = URL.parse(text);
  if (url && ['http:', 'https:'].includes(url.protocol)) return url.href;
  throw invalidParameter(`invalid --webhook "${text}": want http:// or https:// and a host`);
}

function plainUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw invalidParameter(`invalid --external-url "${text}": want http:// or https:// and a host`);
  }
  return `${url.protocol}//${url.host}`;
}

function parseListen(flag: string, text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535) {
    throw invalidParameter(
      `invalid --${flag} "${text}": want HOST:PORT, such as 127.0.0.1:5000 or [::1]:5000`,
    );
  }
  return { host: match[1] ?? (match[2] || '::'), port };
}

function parseLevel(text: string): string {
  if (LEVELS.includes(text)) return text;
  throw invalidParameter(`invalid --log-level "${text}": want one of ${LEVELS.join(', ')}`);
}
