/** Docker's ports. */
export const PLAIN_PORT = 2375;
export const TLS_PORT = 2376;

const TCP = /^tcp:\/\/(?<name>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/;

/** Every place to listen at once, however often it is named and whether its default scheme or port is said. */
export function distinctHosts(hosts: readonly string[], usesTls: boolean): readonly string[] {
  const places = new Map<string, string>();
  for (const host of hosts) {
    const place = placeOf(host, usesTls);
    /* Port 0 is another free one each time. */
    const key = place.endsWith(':0') ? `${place} ${places.size}` : place;
    if (!places.has(key)) places.set(key, host);
  }
  return [...places.values()];
}

function placeOf(host: string, usesTls: boolean): string {
  const url = host.includes('://') ? host : `tcp://${host}`;
  const { name, port } = TCP.exec(url)?.groups ?? {};
  if (name === undefined) return url;
  return `tcp://${name || '127.0.0.1'}:${port ?? (usesTls ? TLS_PORT : PLAIN_PORT)}`;
}
