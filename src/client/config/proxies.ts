import type { ConfigFile, ProxyConfig } from './config-file.ts';

const VARIABLES: readonly (readonly [member: keyof ProxyConfig, name: string])[] = [
  ['httpProxy', 'HTTP_PROXY'],
  ['httpsProxy', 'HTTPS_PROXY'],
  ['ftpProxy', 'FTP_PROXY'],
  ['noProxy', 'NO_PROXY'],
  ['allProxy', 'ALL_PROXY'],
];

/**
 * The variables that the user's configuration sets in containers and builds of the daemon at `host`, in upper and lower
 * case, except those in `taken`, which the user has set.
 */
export function proxyVariables(
  config: ConfigFile,
  host: string,
  taken: ReadonlySet<string>,
): Record<string, string> {
  const proxies = config.proxies?.[host] ?? config.proxies?.default ?? {};
  const pairs = VARIABLES.flatMap(([member, name]) => {
    const value = proxies[member];
    return value ? [name, name.toLowerCase()].map((one) => [one, value] as const) : [];
  });
  return Object.fromEntries(pairs.filter(([name]) => !taken.has(name)));
}

/** The names of `NAME=value` and `NAME` settings. */
export function namesOf(settings: readonly string[]): ReadonlySet<string> {
  return new Set(settings.map((setting) => setting.split('=', 1)[0] ?? ''));
}
