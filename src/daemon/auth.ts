import { invalidParameter } from '../core/errors.ts';
import type { AuthConfig } from '../spec/engine.ts';

function decode<T>(header: string, name: string): T {
  try {
    return JSON.parse(Buffer.from(header, 'base64url').toString()) as T;
  } catch (error) {
    throw invalidParameter(`the ${name} header is not base64url-encoded JSON`, { cause: error });
  }
}

/** The credentials of `X-Registry-Auth`, if any. */
export function registryAuth(header: string | string[] | undefined): AuthConfig | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  const auth = decode<AuthConfig>(header, 'X-Registry-Auth');
  return Object.keys(auth ?? {}).length > 0 ? auth : undefined;
}

/** Credentials by registry, from `X-Registry-Config`. */
export function registryConfig(header: string | string[] | undefined): Record<string, AuthConfig> {
  if (typeof header !== 'string' || header === '') return {};
  return decode<Record<string, AuthConfig>>(header, 'X-Registry-Config') ?? {};
}
