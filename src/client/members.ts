import type { Flag, GatheringType, NameOf, NumberType } from './flag-types.ts';
import type { FlagsOf } from './flags.ts';

/** The members of a request that accept a `V`. */
export type MemberOf<T, V> = { [K in keyof T]-?: V extends NonNullable<T[K]> ? K : never }[keyof T];

/**
 * Readers of flags that set a member of the request `T`. A member with another name or type does not compile, nor does
 * a flag that the table lacks. Each returns undefined when the user did not give the flag, so that the daemon's default
 * applies.
 */
interface MemberReaders<T, F extends readonly Flag[]> {
  text(flag: NameOf<F, 'string'>, member: MemberOf<T, string>): Partial<T>;
  truth(flag: NameOf<F, 'bool'>, member: MemberOf<T, boolean>): Partial<T>;
  number(flag: NameOf<F, NumberType>, member: MemberOf<T, number>): Partial<T>;
  list(flag: NameOf<F, GatheringType>, member: MemberOf<T, readonly string[]>): Partial<T>;
  map(flag: NameOf<F, GatheringType>, member: MemberOf<T, Readonly<Record<string, string>>>): Partial<T>;
  /** The flag's value, converted by `read`. */
  made<K extends keyof T>(flag: NameOf<F>, member: K, read: () => T[K]): Partial<T>;
}

export function memberReaders<T, F extends readonly Flag[]>(flags: FlagsOf<F>): MemberReaders<T, F> {
  const made = <K extends keyof T>(flag: NameOf<F>, member: K, read: () => unknown): Partial<T> =>
    (flags.has(flag) ? { [member]: read() } : {}) as Partial<T>;
  const values: Readonly<Record<string, unknown>> = flags.values;
  const plain = (flag: NameOf<F>, member: keyof T) => made(flag, member, () => values[flag]);
  return {
    text: plain,
    truth: plain,
    number: plain,
    list: plain,
    map: (flag, member) => made(flag, member, () => flags.map(flag)),
    made,
  };
}
