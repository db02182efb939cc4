import { join } from 'node:path';
import type { AuthConfig } from '../../api/engine/system.ts';
import { readConfig, type StoredAuth } from '../config/config-file.ts';
import { writeConfig } from '../config/write.ts';

/**
 * Stores a login in the registry's credential helper, or in the configuration file when there is no helper. Resolves
 * with a warning for the user when the password is stored unencrypted.
 */
export async function storeLogin(
  directory: string,
  login: AuthConfig,
  token = '',
): Promise<string | undefined> {
  const config = readConfig(directory);
  const key = login.serveraddress ?? '';
  const helper = config.credHelpers?.[key] ?? config.credsStore;
  const { username = '', password = '' } = login;
  if (helper) {
    const { storeInHelper } = await import('./credential-helper.ts');
    const secret =
      token === '' ? { Username: username, Secret: password } : { Username: '<token>', Secret: token };
    await storeInHelper(helper, { ServerURL: key, ...secret });
    await writeConfig(directory, { ...config, auths: { ...config.auths, [key]: {} } });
    return undefined;
  }
  const stored: StoredAuth = {
    auth: Buffer.from(`${username}:${token === '' ? password : ''}`).toString('base64'),
    ...(token === '' ? {} : { identitytoken: token }),
  };
  await writeConfig(directory, { ...config, auths: { ...config.auths, [key]: stored } });
  return (
    `\nWARNING! Your credentials are stored unencrypted in '${join(directory, 'config.json')}'.\n` +
    'Configure a credential helper to remove this warning.\n\n'
  );
}

/** Removes a login. Resolves with whether there was one. */
export async function eraseLogin(directory: string, key: string): Promise<boolean> {
  const config = readConfig(directory);
  const helper = config.credHelpers?.[key] ?? config.credsStore;
  if (helper) {
    const { eraseInHelper } = await import('./credential-helper.ts');
    await eraseInHelper(helper, key);
  }
  if (!config.auths || !Object.hasOwn(config.auths, key)) return Boolean(helper);
  const { [key]: _, ...auths } = config.auths;
  await writeConfig(directory, { ...config, auths });
  return true;
}
