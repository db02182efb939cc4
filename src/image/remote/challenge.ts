import { headerItems } from '../../core/header-items.ts';

/** One way to authenticate, from a `WWW-Authenticate` header (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string | undefined>>;
}

const MAX_HEADER_LENGTH = 8192;

/** Challenges in the order of the header; unreadable ones are skipped. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const { name, value } of headerItems((header ?? '').slice(0, MAX_HEADER_LENGTH))) {
    const current = found.at(-1);
    if (value === undefined) found.push({ scheme: name.toLowerCase(), parameters: {} });
    else if (current) current.parameters[name.toLowerCase()] = value;
  }
  return found;
}

/** The Bearer challenge of a registry, which names a token server in `realm`. */
export function bearerChallenge(header: string | undefined): Challenge | undefined {
  return parseChallenges(header).find(({ scheme, parameters }) => scheme === 'bearer' && parameters.realm);
}
