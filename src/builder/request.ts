import type { Annotation } from './annotations.ts';
import type { AttestOptions } from './attest/options.ts';
import type { NamedContexts } from './contexts.ts';
import type { BuildResources, NetworkMode, SshAgent } from './worker.ts';

/** What to build: the parameters of `POST /build`, decoded. */
export interface BuildRequest {
  /** The context, already unpacked into a directory of its own that nobody changes during the build. */
  readonly contextDir: string;
  readonly dockerfile: DockerfileSource;
  /** References to give to the result; a missing tag means `latest`. */
  readonly tags?: readonly string[];
  /** Name or number of the stage to build; absent means the last. */
  readonly target?: string;
  /** `null` takes the value from nowhere: the ARG keeps its default. */
  readonly buildArgs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Only look at the Dockerfile, for mistakes or what it offers: nothing is built. */
  readonly call?: 'check' | 'outline' | 'targets';
  /** Run every step again. */
  readonly noCache?: boolean;
  /** Stages whose steps run again. */
  readonly noCacheStages?: readonly string[];
  /** Further contexts, by name. */
  readonly contexts?: NamedContexts;
  /** Ask registries for newer base images. */
  readonly pull?: boolean;
  /** `os/arch[/variant]`, several of them; none means this machine's. */
  readonly platforms?: readonly string[];
  readonly annotations?: readonly Annotation[];
  readonly attestations?: AttestOptions;
  /** Files of new layers are given `SOURCE_DATE_EPOCH` for a time where they are younger. */
  readonly rewriteTimes?: boolean;
  readonly networkMode?: NetworkMode;
  /** What RUN may ask for beyond the usual. */
  readonly entitlements?: readonly Entitlement[];
  readonly extraHosts?: readonly string[];
  /** Bytes. */
  readonly shmSize?: number;
  readonly resources?: BuildResources;
  /** Values for `RUN --mount=type=secret`, by id. */
  readonly secrets?: ReadonlyMap<string, Uint8Array>;
  /** Agents for `RUN --mount=type=ssh`, by id. */
  readonly agents?: ReadonlyMap<string, SshAgent>;
  /** Merge the layers above the base into one: `docker build --squash`; refused, as it was experimental. */
  readonly squash?: boolean;
  /** Builds of one scope are compared with each other to explain cache misses; absent means the first tag. */
  readonly scope?: string;
  /** Steps that may run side by side; absent means four per processor. */
  readonly parallel?: number;
  readonly signal: AbortSignal;
}

export type Entitlement = 'network.host' | 'security.insecure' | 'device' | `device=${string}`;

export type DockerfileSource =
  /** A path relative to the context; may name a file that .dockerignore leaves out. */
  | { readonly path: string }
  /** The text itself, with the name to show in messages. */
  | { readonly text: string; readonly name?: string };
