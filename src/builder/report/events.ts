import type { BuildDescription } from '../../api/build-events.ts';
import type { ProgressMessage } from '../../api/engine/system.ts';
import type { Descriptor } from '../../api/oci-image.ts';
import type { Digest } from '../../core/digest.ts';
import type { Finding } from '../lint/context.ts';
import type { SourceFile } from '../parse/source.ts';
import type { Step } from '../plan/graph.ts';
import type { OutputStream } from '../worker.ts';

/** The events of a build. Those of concurrent steps are interleaved. */
export type BuildEvent =
  /** A base image is being pulled. */
  | { readonly kind: 'pull'; readonly message: ProgressMessage }
  | { readonly kind: 'planned'; readonly steps: readonly Step[] }
  /** The findings of `--check` in the Dockerfile; may be empty. */
  | { readonly kind: 'lint'; readonly findings: readonly Finding[]; readonly source: SourceFile }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'started'; readonly step: Step }
  /** Why the step was not taken from the cache. */
  | { readonly kind: 'missed'; readonly step: Step; readonly reason: string }
  /** A process of this step starts. */
  | { readonly kind: 'running'; readonly step: Step; readonly key: string }
  | {
      readonly kind: 'output';
      readonly step: Step;
      readonly stream: OutputStream;
      readonly chunk: Uint8Array;
    }
  /** `id` is the base image for FROM, and names the step's content otherwise. */
  | { readonly kind: 'done'; readonly step: Step; readonly id: string; readonly cached: boolean }
  /** The result of `--call`, which builds nothing. */
  | { readonly kind: 'described'; readonly description: BuildDescription }
  /** `id` is the image that represents the build; `target` as in `BuildResult`. */
  | {
      readonly kind: 'built';
      readonly id: Digest;
      readonly images?: readonly { readonly id: Digest; readonly platform: string }[];
      readonly target?: Descriptor;
    }
  | { readonly kind: 'tagged'; readonly reference: string }
  /** The build ends here; `buildImage` throws the same error. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** Receives the events synchronously; must not throw. */
export interface BuildReporter {
  report(event: BuildEvent): void;
}
