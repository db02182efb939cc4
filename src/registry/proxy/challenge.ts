/** How a registry wants its clients to name themselves (RFC 9110 section 11.6.1). */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a `WWW-Authenticate` header; undefined when it offers neither Basic nor Bearer. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*(basic|bearer)\b\s*(.*)$/i.exec(header ?? '') ?? [];
  if (!scheme) return undefined;
  const parameters: Record<string, string> = {};
  for (const [, name = '', quoted, plain] of rest.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g)) {
    parameters[name.toLowerCase()] = quoted ?? plain ?? '';
  }
  return { scheme: scheme.toLowerCase() as Challenge['scheme'], parameters };
}
