import type { AuthConfig } from '../../api/engine/system.ts';

/** A client's credentials, parsed from an AuthConfig. */
export interface Credentials {
  readonly basic?: { readonly username: string; readonly password: string };
  /** Refresh token for the registry's token server. */
  readonly identityToken?: string;
  /** Sent to the registry unchanged. */
  readonly registryToken?: string;
}

/** `auth` (base64 of `user:password`) is used when there is no `username`. */
export function credentialsOf(auth: AuthConfig | undefined): Credentials {
  const basic = auth?.username
    ? { username: auth.username, password: auth.password ?? '' }
    : decodeAuth(auth?.auth);
  return {
    ...(basic ? { basic } : {}),
    ...(auth?.identitytoken ? { identityToken: auth.identitytoken } : {}),
    ...(auth?.registrytoken ? { registryToken: auth.registrytoken } : {}),
  };
}

function decodeAuth(auth: string | undefined): Credentials['basic'] | undefined {
  const text = Buffer.from(auth ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon <= 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Value of an `Authorization` header (RFC 7617). */
export function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
