/** The version in package.json, which a bundle does not have beside it. */
export const VERSION = '0.1.0';

/**
 * What the daemon calls itself to clients, which compare it: the version of Docker whose behaviour it follows, the
 * last that speaks its newest API, with its own as build metadata (semver.org, 10).
 */
export const ENGINE_VERSION = `29.8.2+barge${VERSION}`;
