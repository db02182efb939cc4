import { headerItems } from '../../core/header-items.ts';

/** A registry's authentication challenge (RFC 9110 section 11.6.1). */
interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a `WWW-Authenticate` header; undefined when it offers neither Basic nor Bearer. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [first, ...rest] = headerItems(header ?? '');
  const scheme = first?.value === undefined ? first?.name.toLowerCase() : undefined;
  if (scheme !== 'basic' && scheme !== 'bearer') return undefined;
  const parameters: Record<string, string> = {};
  for (const { name, value } of rest) {
    if (value !== undefined) parameters[name.toLowerCase()] = value;
  }
  return { scheme, parameters };
}
