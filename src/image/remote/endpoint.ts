import { isIPv4 } from 'node:net';
import { DEFAULT_DOMAIN } from '../../core/reference.ts';

/** Where the registry of a domain is reached. */
export interface Endpoint {
  /** Host with port, if any. */
  readonly host: string;
  /** Tried in this order until one responds. */
  readonly schemes: readonly ('https' | 'http')[];
  readonly verifyTls: boolean;
  readonly isLoopback: boolean;
}

/**
 * @param domain as in an image reference.
 * @param insecure whether unverified TLS and plain HTTP are permitted for a host other than this one.
 */
export function endpointOf(domain: string, insecure = false): Endpoint {
  const host = domain === DEFAULT_DOMAIN ? 'registry-1.docker.io' : domain;
  const isLoopback = isLoopbackHost(new URL(`http://${host}`).hostname);
  const lax = insecure || isLoopback;
  return { host, schemes: lax ? ['https', 'http'] : ['https'], verifyTls: !lax, isLoopback };
}

/** A mirror is used with its own scheme; without TLS, it is trusted because the configuration names it. */
export function mirrorEndpoint({ protocol, host, hostname }: URL, insecure = false): Endpoint {
  const isLoopback = isLoopbackHost(hostname);
  const isPlain = protocol === 'http:';
  return {
    host,
    schemes: [isPlain ? 'http' : 'https'],
    verifyTls: !(insecure || isLoopback || isPlain),
    isLoopback,
  };
}

/** @param hostname as `URL.hostname` gives it, IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/**
 * The domain that a server address of `docker login` stands for: Docker Hub has several old names, others may
 * have a scheme and a path.
 */
export function domainOfServerAddress(address: string): string {
  const host = address.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const isHub = host === '' || ['index.docker.io', 'registry-1.docker.io', DEFAULT_DOMAIN].includes(host);
  return isHub ? DEFAULT_DOMAIN : host;
}
