import { type Endpoint, parseAddress, withTls } from '../transport/endpoint.ts';
import { readTlsFiles, type StoredContext } from './store.ts';

/**
 * The daemon's endpoint of a stored context. It uses TLS when the context has TLS files or says that the daemon's
 * certificate is not to be checked.
 * @throws BargeError invalid-parameter when its address is invalid.
 */
export function contextEndpoint(context: StoredContext): Endpoint {
  const address = parseAddress(context.endpoint.Host ?? '');
  if (address.kind !== 'tcp') return address;
  const files = readTlsFiles(context);
  const verify = !context.endpoint.SkipTLSVerify;
  if (verify && Object.keys(files).length === 0) return withTls(address, undefined);
  const { 'ca.pem': ca, 'cert.pem': cert, 'key.pem': key } = files;
  return withTls(address, {
    verify,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  });
}
