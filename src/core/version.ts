/** The version in package.json, which is not available beside a bundle. */
export const VERSION = '0.1.0';

/**
 * The daemon's version for clients, which compare it: the version of Docker whose behaviour it follows, the
 * last one with its newest API, with Barge's version as build metadata (semver.org, 10).
 */
export const ENGINE_VERSION = `29.8.2+barge${VERSION}`;
