import { invalidParameter } from '../../core/errors.ts';
import type { Dockerfile, Stage } from '../parse/dockerfile.ts';
import { DockerfileError } from '../parse/errors.ts';
import type { Span } from '../parse/source.ts';
import { suggestion } from '../parse/suggest.ts';
import type { GlobalScope } from './scope.ts';

export const SCRATCH = 'scratch';

/** A stage with the variables of its FROM line expanded. */
export interface StageEntry {
  readonly index: number;
  readonly stage: Stage;
  /** Its name, or its number as text. */
  readonly label: string;
  readonly image: string;
  readonly platform?: string;
  /** The earlier stage that `image` refers to. */
  readonly parent?: StageEntry;
}

/** The stages of a Dockerfile, looked up by name or number as in FROM, `--from` and `--target`. */
export class StageTable {
  readonly entries: readonly StageEntry[];
  readonly #dockerfile: Dockerfile;

  constructor(dockerfile: Dockerfile, scope: GlobalScope) {
    this.#dockerfile = dockerfile;
    const entries: StageEntry[] = [];
    for (const stage of dockerfile.stages) entries.push(this.#entry(stage, entries, scope));
    this.entries = entries;
  }

  /** @throws BargeError invalid-parameter when no stage has this name or number. */
  target(name: string | undefined): StageEntry {
    const last = this.entries.at(-1);
    const found = name ? this.#named(name) : last;
    if (found) return found;
    const names = this.entries.map((entry) => entry.label);
    const hint = suggestion(name ?? '', names);
    throw invalidParameter(`target stage "${name}" could not be found${hint}`);
  }

  /**
   * The stage that `--from=<reference>` refers to within stage `from`; undefined when it refers to an image.
   * @throws DockerfileError when the stage isn't defined before `from`.
   */
  source(reference: string, from: StageEntry, span: Span): StageEntry | undefined {
    const isNumber = /^\d+$/.test(reference);
    const found = isNumber ? this.entries[Number(reference)] : this.#named(reference);
    const fail = (message: string) => new DockerfileError(this.#dockerfile.source, span, message);
    if (isNumber && !found) throw fail(`invalid stage index ${reference}`);
    if (!found) return undefined;
    if (found.index === from.index) throw fail(`circular dependency detected on stage: ${from.label}`);
    if (found.index > from.index) {
      const rule = `it needs to be defined before current stage "${from.label}"`;
      throw fail(`cannot copy from stage "${reference}", ${rule}`);
    }
    return found;
  }

  #named(name: string): StageEntry | undefined {
    const lower = name.toLowerCase();
    const byName = this.entries.findLast((entry) => entry.stage.from.name === lower);
    return byName ?? (/^\d+$/.test(name) ? this.entries[Number(name)] : undefined);
  }

  #entry(stage: Stage, earlier: readonly StageEntry[], scope: GlobalScope): StageEntry {
    const { from } = stage;
    const expand = (text: string) => {
      try {
        return scope.expand(text);
      } catch (error) {
        throw DockerfileError.at(this.#dockerfile.source, from.span, error);
      }
    };
    const image = expand(from.image);
    if (image === '') {
      const { source } = this.#dockerfile;
      throw new DockerfileError(source, from.span, `base name (${from.image}) should not be blank`);
    }
    const platform = from.platform === undefined ? undefined : expand(from.platform);
    if (platform === '') {
      const message = `empty platform value from expression ${from.platform}`;
      throw new DockerfileError(this.#dockerfile.source, from.span, message);
    }
    const parent = earlier.findLast((entry) => entry.stage.from.name === image.toLowerCase());
    return {
      index: earlier.length,
      stage,
      label: from.name ?? String(earlier.length),
      image,
      ...(platform === undefined ? {} : { platform }),
      ...(parent ? { parent } : {}),
    };
  }
}
