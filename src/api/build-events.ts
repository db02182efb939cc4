import type { ProgressMessage } from './engine/system.ts';
import type { Descriptor } from './oci-image.ts';

/** A step in the messages of a build. */
export interface BuildStepText {
  /** Numbered from 1 within the build. */
  readonly number: number;
  /** The stage's name, or its number. */
  readonly stage: string;
  /** Set in a build for several platforms. */
  readonly platform?: string;
  readonly text: string;
  readonly line: number;
}

/** A finding of a rule of `build --check`. */
export interface LintFinding {
  readonly rule: string;
  /** The rule's description. */
  readonly description: string;
  readonly url: string;
  /** The message of this finding. */
  readonly detail: string;
  readonly file: string;
  readonly line: number;
  /** The source lines, with the affected ones marked. */
  readonly excerpt: string;
}

/**
 * The events of a build, one JSON object each: `POST /build?events=1` sends them as `{"event": …}`. Times are
 * milliseconds since 1970.
 */
export type BuildMessage =
  | { readonly kind: 'begun'; readonly id: string; readonly at: number }
  | { readonly kind: 'pull'; readonly message: ProgressMessage }
  | { readonly kind: 'planned'; readonly steps: readonly BuildStepText[] }
  | { readonly kind: 'lint'; readonly findings: readonly LintFinding[] }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'started'; readonly step: number; readonly at: number }
  /** Why the step was not cached. */
  | { readonly kind: 'missed'; readonly step: number; readonly reason: string }
  | {
      readonly kind: 'output';
      readonly step: number;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
      readonly at: number;
    }
  | { readonly kind: 'done'; readonly step: number; readonly cached: boolean; readonly at: number }
  | { readonly kind: 'described'; readonly description: BuildDescription }
  /** `images` has all platforms; `target` is what the tags refer to, when it is more than the image `id`. */
  | {
      readonly kind: 'built';
      readonly id: string;
      readonly images?: readonly { readonly id: string; readonly platform: string }[];
      readonly target?: Descriptor;
    }
  | { readonly kind: 'tagged'; readonly reference: string }
  | { readonly kind: 'failed'; readonly message: string; readonly at: number };

/** The stages and arguments that a Dockerfile offers, for `--call`. */
export type BuildDescription =
  | {
      readonly call: 'outline';
      readonly name: string;
      readonly description?: string;
      readonly args: readonly {
        readonly name: string;
        readonly value?: string;
        readonly description?: string;
      }[];
      readonly secrets: readonly { readonly name: string; readonly required: boolean }[];
      readonly ssh: readonly { readonly name: string; readonly required: boolean }[];
      readonly cache: readonly { readonly id: string }[];
    }
  | {
      readonly call: 'targets';
      readonly targets: readonly {
        readonly name: string;
        readonly default: boolean;
        readonly base: string;
        readonly platform?: string;
        readonly description?: string;
      }[];
    };

/** A past build, as `GET /barge/builds` lists it. */
export interface BuildRecord {
  readonly ID: string;
  /** The first tag, else the Dockerfile's name. */
  readonly Name: string;
  readonly Status: 'running' | 'completed' | 'error' | 'canceled';
  readonly StartedAt: string;
  readonly CompletedAt?: string;
  readonly Tags: readonly string[];
  readonly Target?: string;
  readonly Platform?: string;
  /** Names only: values may be secret. */
  readonly BuildArgs: readonly string[];
  readonly TotalSteps: number;
  readonly CompletedSteps: number;
  readonly CachedSteps: number;
  readonly ImageID?: string;
  readonly Error?: string;
}
