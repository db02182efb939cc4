import { expandWord, expandWords } from '../expand/expand.ts';
import type { ExpandOptions } from '../expand/scanner.ts';
import type { Arg } from '../parse/instruction.ts';

/** Arguments that need no declaration in the Dockerfile; RUN gets them, but they are not part of the cache key. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** Used by the builder itself or by RUN, whether an ARG declares them or not. */
const KNOWN = [...PROXIES, 'SOURCE_DATE_EPOCH', 'BUILDKIT_SYNTAX', 'BUILDKIT_DOCKERFILE_CHECK'];

/** The values of `--build-arg`; records which of them were used. */
export class BuildArgs {
  readonly #given: ReadonlyMap<string, string>;
  readonly #used = new Set<string>();

  constructor(given: Readonly<Record<string, string | null>>) {
    const entries = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null);
    this.#given = new Map(entries);
  }

  take(name: string): string | undefined {
    this.#used.add(name);
    return this.#given.get(name);
  }

  /** Both spellings of every proxy variable that was passed. */
  proxies(): string[] {
    const env: string[] = [];
    for (const name of PROXIES) {
      const value = this.#given.get(name) ?? this.#given.get(name.toLowerCase());
      if (value !== undefined) env.push(`${name}=${value}`, `${name.toLowerCase()}=${value}`);
    }
    return env;
  }

  /** Passed, but not declared by any ARG that was read. */
  unused(): string[] {
    return [...this.#given.keys()].filter(
      (name) => !this.#used.has(name) && !KNOWN.includes(name.toUpperCase()),
    );
  }
}

/** The variables of FROM lines: the built-in ones, and the ARGs above the first FROM. */
export class GlobalScope {
  readonly #values: Map<string, string>;
  readonly #escapeChar: string;

  constructor(builtIn: Readonly<Record<string, string>>, escapeChar: string) {
    this.#values = new Map(Object.entries(builtIn));
    this.#escapeChar = escapeChar;
  }

  declare(arg: Arg, given: BuildArgs): void {
    for (const { key, value } of arg.args) {
      const result = given.take(key) ?? (value === undefined ? undefined : this.expand(value));
      if (result !== undefined) this.#values.set(key, result);
    }
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  expand(text: string): string {
    return expandWord(text, (name) => this.get(name), { escapeChar: this.#escapeChar });
  }
}

/**
 * The variables of a stage. ENV and ARG share one name space in which the later declaration wins, for expansion and for
 * the environment of RUN; only ENV is stored in the image.
 */
export class StageScope {
  readonly #variables: Map<string, string>;
  /** Declared with ARG in this stage, in order. */
  readonly #args: Set<string>;
  readonly #options: ExpandOptions;

  constructor(env: readonly string[], args: Iterable<string>, escapeChar: string) {
    this.#variables = new Map(env.map(splitVariable));
    this.#args = new Set(args);
    this.#options = { escapeChar };
  }

  /** The initial scope of a stage based on this one. */
  child(): StageScope {
    const copy = new StageScope([], this.#args, this.#options.escapeChar);
    for (const [name, value] of this.#variables) copy.#variables.set(name, value);
    return copy;
  }

  setEnv(name: string, value: string): void {
    this.#variables.set(name, value);
  }

  /** @returns the text of each argument in the image's history. */
  declare(arg: Arg, global: GlobalScope, given: BuildArgs): string[] {
    return arg.args.map(({ key, value }) => {
      const fromDefault = value === undefined ? global.get(key) : undefined;
      const result = given.take(key) ?? (value === undefined ? fromDefault : this.expand(value));
      this.#args.add(key);
      if (result !== undefined) this.#variables.set(key, result);
      return result === undefined ? key : `${key}=${result}`;
    });
  }

  expand(text: string): string {
    return expandWord(text, (name) => this.#variables.get(name), this.#options);
  }

  expandWords(text: string): string[] {
    return expandWords(text, (name) => this.#variables.get(name), this.#options);
  }

  /** Expands variables of a heredoc: quotes are kept, and the escape is always a backslash. */
  expandDocument(text: string): string {
    return expandWord(text, (name) => this.#variables.get(name), { escapeChar: '\\', quotes: 'literal' });
  }

  /** The environment of a process. */
  env(): string[] {
    return [...this.#variables].map(([name, value]) => `${name}=${value}`);
  }

  get argNames(): readonly string[] {
    return [...this.#args];
  }

  /** Arguments with their values, as in the history of a RUN. */
  argValues(): string[] {
    return this.argNames.map((name) => `${name}=${this.#variables.get(name) ?? ''}`);
  }
}

export function splitVariable(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}
