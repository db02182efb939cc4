import { STATUS_CODES } from 'node:http';
import type { AuthConfig } from '../../api/engine/system.ts';
import { unauthorized } from '../../core/errors.ts';
import { domainOfServerAddress } from './endpoint.ts';
import { requestName } from './failure.ts';
import { discardBody } from './read-body.ts';
import type { RemoteOptions } from './remote-options.ts';
import { RegistrySession } from './session.ts';

interface LoginResult {
  /** To be stored instead of the password; absent for registries without a token server. */
  readonly identityToken?: string;
}

/**
 * Checks credentials with a registry, for `docker login`.
 * @param registryHost a domain, or an address such as `https://index.docker.io/v1/`.
 * @throws BargeError unauthorized, with Docker's words; unavailable; cancelled.
 */
export async function checkLogin(
  registryHost: string,
  auth: AuthConfig,
  options: Omit<RemoteOptions, 'auth'> = {},
): Promise<LoginResult> {
  using session = new RegistrySession(domainOfServerAddress(registryHost), { ...options, auth });
  const { base, challenges } = await session.contact();
  const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.realm);
  const purpose = requestName('GET', base);
  const token = bearer && (await session.token({ challenge: bearer, scopes: [], purpose, offline: true }));
  const response = await session.send({ method: 'GET', url: base, scopes: [] });
  discardBody(response);
  if (response.status !== 200) {
    const status = `${response.status} ${STATUS_CODES[response.status] ?? ''}`.trimEnd();
    throw unauthorized(`login attempt to ${base.href} failed with status: ${status}`);
  }
  const identityToken = token?.refreshToken ?? auth.identitytoken;
  return identityToken ? { identityToken } : {};
}
