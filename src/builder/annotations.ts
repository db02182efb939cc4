import { invalidParameter } from '../core/errors.ts';
import { formatPlatform, parsePlatform } from './plan/platform.ts';

/** A key and value for a manifest, an index, or the descriptor by which an index refers to a manifest. */
export interface Annotation {
  readonly on: 'manifest' | 'index' | 'manifest-descriptor';
  /** The only platform that it applies to. */
  readonly platform?: string;
  readonly key: string;
  readonly value: string;
}

const PLACES = ['manifest', 'index', 'manifest-descriptor'] as const;
const PREFIX = /^((?:(?:manifest|index|manifest-descriptor|index-descriptor)(?:\[[^\]]*\])?,?)+):(.*)$/s;

/**
 * Reads `[PLACE[[PLATFORM]][,PLACE…]:]KEY=VALUE`, PLACE being manifest (without any), index or manifest-descriptor.
 * @throws BargeError invalid-parameter.
 */
export function readAnnotations(texts: readonly string[]): Annotation[] {
  return texts.flatMap((text) => {
    const [, places = 'manifest', pair = text] = PREFIX.exec(text) ?? [];
    const equals = pair.indexOf('=');
    const wrong = (why: string) => invalidParameter(`invalid annotation "${text}": ${why}`);
    if (equals < 1) throw wrong('want key=value');
    const [key, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
    return places.split(',').map((place) => {
      const [, on = '', platform] = /^([a-z-]+)(?:\[(.*)\])?$/.exec(place) ?? [];
      const known = PLACES.find((name) => name === on);
      if (!known) throw wrong(`${on || place} cannot be annotated here: want ${PLACES.join(', ')}`);
      return {
        on: known,
        key,
        value,
        ...(platform ? { platform: formatPlatform(parsePlatform(platform)) } : {}),
      };
    });
  });
}

/** The annotations of one place in a manifest's form; undefined for none. */
export function annotationsOn(
  annotations: readonly Annotation[],
  on: Annotation['on'],
  platform?: string,
): Record<string, string> | undefined {
  const fitting = annotations.filter(
    (one) => one.on === on && (one.platform === undefined || one.platform === platform),
  );
  return fitting.length === 0 ? undefined : Object.fromEntries(fitting.map(({ key, value }) => [key, value]));
}
