import type { Annotation } from './annotations.ts';
import type { AttestOptions } from './attest/options.ts';
import type { NamedContexts } from './contexts.ts';
import type { BuildResources, NetworkMode, SshAgent } from './worker.ts';

/** What to build: the parameters of `POST /build`, decoded. */
export interface BuildRequest {
  /** The context, unpacked into a directory that does not change during the build. */
  readonly contextDir: string;
  readonly dockerfile: DockerfileSource;
  /** References for the result; a missing tag means `latest`. */
  readonly tags?: readonly string[];
  /** Name or number of the stage to build; absent means the last. */
  readonly target?: string;
  /** `null` is no value: the ARG keeps its default. */
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Only evaluate the Dockerfile, for findings or a description, without building. */
  readonly call?: 'check' | 'outline' | 'targets';
  /** Run every step again. */
  readonly noCache?: boolean;
  /** Stages whose steps run again. */
  readonly noCacheStages?: readonly string[];
  /** Additional contexts, by name. */
  readonly contexts?: NamedContexts;
  /** Check registries for newer base images. */
  readonly pull?: boolean;
  /** `os/arch[/variant]`, several of them; none means this machine's. */
  readonly platforms?: readonly string[];
  readonly annotations?: readonly Annotation[];
  readonly attestations?: AttestOptions;
  /** Sets the time of younger files in new layers to `SOURCE_DATE_EPOCH`. */
  readonly rewriteTimes?: boolean;
  readonly networkMode?: NetworkMode;
  /** The additional privileges that RUN may request. */
  readonly entitlements?: readonly Entitlement[];
  readonly extraHosts?: readonly string[];
  /** Bytes. */
  readonly shmSize?: number;
  readonly resources?: BuildResources;
  /** Values for `RUN --mount=type=secret`, by id. */
  readonly secrets?: ReadonlyMap<string, Uint8Array>;
  /** Agents for `RUN --mount=type=ssh`, by id. */
  readonly agents?: ReadonlyMap<string, SshAgent>;
  /** Merge the layers above the base into one: `docker build --squash`; rejected, because it was experimental. */
  readonly squash?: boolean;
  /** Builds with the same scope are compared to explain cache misses; absent means the first tag. */
  readonly scope?: string;
  /** Maximum number of concurrent steps; absent means four per processor. */
  readonly parallel?: number;
  readonly signal: AbortSignal;
}

export type Entitlement = 'network.host' | 'security.insecure' | 'device' | `device=${string}`;

type DockerfileSource =
  /** A path relative to the context; may name a file that .dockerignore excludes. */
  | { readonly path: string }
  /** The text itself, with the name for messages. */
  | { readonly text: string; readonly name?: string };
