import type { AuthConfig } from '../api/engine/system.ts';
import { decode } from './decode/decode.ts';
import { parseExactJson } from './decode/json.ts';
import { AUTH, AUTHS } from './decode/others.ts';
import type { Schema } from './decode/schema.ts';

/** As Docker does for its oldest clients: a header that cannot be read is as good as none. */
function decodeHeader<T>(header: string | string[] | undefined, schema: Schema<T>): T | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    return decode(schema, parseExactJson(Buffer.from(header, 'base64url').toString()));
  } catch {
    return undefined;
  }
}

/** The credentials of `X-Registry-Auth`, if any. */
export function registryAuth(header: string | string[] | undefined): AuthConfig | undefined {
  const auth = decodeHeader(header, AUTH);
  return auth && Object.keys(auth).length > 0 ? auth : undefined;
}

/** Credentials by registry, from `X-Registry-Config`. */
export function registryConfig(header: string | string[] | undefined): Readonly<Record<string, AuthConfig>> {
  return decodeHeader(header, AUTHS) ?? {};
}
