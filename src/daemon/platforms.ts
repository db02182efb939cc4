import type { Platform } from '../api/oci-image.ts';
import { invalidParameter, messageOf } from '../core/errors.ts';
import { decode } from './decode/decode.ts';
import { parseExactJson } from './decode/json.ts';
import { PLATFORM } from './decode/others.ts';

/**
 * Platforms as JSON, `{"os":"linux","architecture":"arm64"}`, of a parameter that may come several times.
 * @throws BargeError invalid-parameter.
 */
export function platformsOf(query: URLSearchParams, name = 'platform'): Platform[] {
  return query
    .getAll(name)
    .filter(Boolean)
    .map((text) => platformIn(text));
}

/** The one platform of a parameter that takes no more. */
export function platformOf(query: URLSearchParams, name = 'platform'): Platform | undefined {
  const [platform, ...more] = platformsOf(query, name);
  if (more.length > 0) throw invalidParameter(`invalid ${name}: only one is allowed`);
  return platform;
}

function platformIn(text: string): Platform {
  let platform: Platform;
  try {
    platform = decode(PLATFORM, parseExactJson(text));
  } catch (error) {
    throw invalidParameter(`failed to parse platform "${text}": ${messageOf(error)}`, { cause: error });
  }
  const { os, architecture, variant } = platform;
  if (!os || !architecture) throw invalidParameter(`invalid platform "${text}": want os and architecture`);
  return { os, architecture, ...(variant ? { variant } : {}) };
}
