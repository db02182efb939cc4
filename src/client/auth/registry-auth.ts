import type { AuthConfig } from '../../api/engine/system.ts';
import { parseReference } from '../../core/reference.ts';
import { trimEndOf } from '../../core/trim.ts';
import { type ConfigFile, HUB_KEY, readConfig, type StoredAuth } from '../config/config-file.ts';

/** The key that a registry's login is stored under. */
export function authKey(registry: string): string {
  const host = hostOf(registry);
  return host === '' || host === 'docker.io' || host === 'index.docker.io' || host === 'registry-1.docker.io'
    ? HUB_KEY
    : host;
}

/** `https://host:5000/v1/` → `host:5000`. */
function hostOf(registry: string): string {
  return registry.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/** The value of `X-Registry-Auth` for the registry of `image`: base64url of the login, or of `{}` without one. */
export async function registryAuthHeader(configDirectory: string, image: string): Promise<string> {
  const config = readConfig(configDirectory);
  return encodeAuth(await findAuth(config, authKey(parseReference(image).domain)));
}

/** `X-Registry-Config` for a build: every login, by registry. */
export async function allAuthsHeader(configDirectory: string): Promise<string> {
  const config = readConfig(configDirectory);
  const keys = new Set([...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {})]);
  const logins: Record<string, AuthConfig> = {};
  for (const key of keys) logins[key] = await findAuth(config, key);
  return encodeAuth(logins);
}

function encodeAuth(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The login stored for `key`, empty when there is none. */
async function findAuth(config: ConfigFile, key: string): Promise<AuthConfig> {
  const helper = config.credHelpers?.[key] ?? config.credsStore;
  if (helper) {
    const { getFromHelper } = await import('./credential-helper.ts');
    const found = await getFromHelper(helper, key);
    if (!found) return {};
    return found.Username === '<token>'
      ? { identitytoken: found.Secret, serveraddress: key }
      : { username: found.Username, password: found.Secret, serveraddress: key };
  }
  const stored = Object.entries(config.auths ?? {}).find(
    ([name]) => name === key || authKey(name) === key,
  )?.[1];
  return stored ? decodeAuth(stored, key) : {};
}

function decodeAuth(stored: StoredAuth, key: string): AuthConfig {
  const plain = Buffer.from(stored.auth ?? '', 'base64').toString('utf8');
  const colon = plain.indexOf(':');
  return {
    ...(colon > 0
      ? { username: plain.slice(0, colon), password: trimEndOf(plain.slice(colon + 1), '\0') }
      : {}),
    ...(stored.identitytoken ? { identitytoken: stored.identitytoken } : {}),
    ...(stored.registrytoken ? { registrytoken: stored.registrytoken } : {}),
    serveraddress: key,
  };
}
