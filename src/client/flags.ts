import {
  type Flag,
  type GatheringType,
  gathers,
  type NameOf,
  type NumberType,
  parseBoolean,
  parseNumber,
  type ValuesOf,
} from './flag-types.ts';

/**
 * The values of a command's flags. With a known table (`FlagsOf`), only its names compile, each where its type fits;
 * reading a flag that the command does not declare is a programming error.
 */
export class FlagValues<
  Name extends string = string,
  Switch extends string = Name,
  Numeric extends string = Name,
  Gathering extends string = Name,
  Values = Readonly<Record<string, unknown>>,
> {
  readonly #flags: ReadonlyMap<string, Flag>;
  readonly #given = new Map<string, string[]>();

  constructor(flags: readonly Flag[]) {
    this.#flags = new Map(flags.map((flag) => [flag.name, flag]));
  }

  /** Records one value, checked. */
  set(flag: Flag, text: string): void {
    const before = this.#given.get(flag.name);
    if (!gathers(flag.type) || !before) this.#given.set(flag.name, [text]);
    else before.push(text);
  }

  #declared(name: string): Flag {
    const flag = this.#flags.get(name);
    if (!flag) throw new TypeError(`the command does not declare a flag --${name}`);
    return flag;
  }

  /** Whether the user gave the flag. */
  has(name: Name): boolean {
    this.#declared(name);
    return this.#given.has(name);
  }

  /** Whether the command declares the flag at all. */
  knows(name: string): boolean {
    return this.#flags.has(name);
  }

  /** The value of each flag, of the type that its table says. */
  get values(): Values {
    const get = (_: object, name: string | symbol): unknown => this.#value(String(name));
    return new Proxy({}, { get }) as Values;
  }

  #value(name: string): boolean | number | string | readonly string[] {
    const { type } = this.#declared(name);
    if (type === 'bool') return parseBoolean(this.#text(name) || 'false');
    if (gathers(type)) return this.#list(name);
    return type === 'string' ? this.#text(name) : this.#number(name);
  }

  bool(name: Switch): boolean {
    return parseBoolean(this.#text(name) || 'false');
  }

  /** The value given last, else the default, else ''. */
  text(name: Name): string {
    return this.#text(name);
  }

  #text(name: string): string {
    const flag = this.#declared(name);
    return this.#given.get(name)?.at(-1) ?? flag.default ?? '';
  }

  /** Bytes, nanoseconds, billionths of a CPU or a plain number, by the flag's type; 0 when nothing was given. */
  number(name: Numeric): number {
    return this.#number(name);
  }

  #number(name: string): number {
    const text = this.#text(name);
    return text === '' ? 0 : parseNumber(this.#declared(name).type, text);
  }

  list(name: Gathering): readonly string[] {
    return this.#list(name);
  }

  #list(name: string): readonly string[] {
    const flag = this.#declared(name);
    const values = this.#given.get(name) ?? [];
    return flag.type === 'strings' || flag.type === 'stringToString'
      ? values.flatMap((value) => value.split(','))
      : values;
  }

  /** `key=value` values as an object; a value without `=` is the empty string. */
  map(name: Gathering): Record<string, string> {
    return Object.fromEntries(this.#list(name).map(splitPair));
  }
}

/** The values of the flags in a table that is `as const`. */
export type FlagsOf<F extends readonly Flag[]> = FlagValues<
  NameOf<F>,
  NameOf<F, 'bool'>,
  NameOf<F, NumberType>,
  NameOf<F, GatheringType>,
  ValuesOf<F>
>;

/** `a=b=c` → `['a', 'b=c']`. */
export function splitPair(text: string): [key: string, value: string] {
  const equals = text.indexOf('=');
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}
