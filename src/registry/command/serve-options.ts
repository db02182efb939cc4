import { resolve } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import type { Flags } from './flags.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** What `barge-registry` was asked to serve. */
export interface ServeOptions {
  readonly dataRoot: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  readonly htpasswd?: string;
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** @throws BargeError invalid-parameter naming the flag and what it takes. */
export function serveOptions({ values }: Flags): ServeOptions {
  const { 'tls-cert': cert, 'tls-key': key, htpasswd } = values;
  if ((cert === undefined) !== (key === undefined)) {
    throw invalidParameter(
      `--tls-cert and --tls-key go together; ${cert ? '--tls-key' : '--tls-cert'} is missing`,
    );
  }
  return {
    dataRoot: resolve(values['data-root'] ?? '/var/lib/barge-registry'),
    ...parseListen(values.listen ?? '127.0.0.1:5000'),
    logLevel: parseLevel(values['log-level'] ?? 'info'),
    ...(htpasswd ? { htpasswd } : {}),
    ...(cert && key ? { tls: { cert, key } } : {}),
  };
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535) {
    throw invalidParameter(
      `invalid --listen "${text}": want HOST:PORT, such as 127.0.0.1:5000 or [::1]:5000`,
    );
  }
  return { host: match[1] ?? (match[2] || '::'), port };
}

function parseLevel(text: string): string {
  if (LEVELS.includes(text)) return text;
  throw invalidParameter(`invalid --log-level "${text}": want one of ${LEVELS.join(', ')}`);
}
