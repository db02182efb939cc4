import type { HealthConfig } from '../../api/oci-image.ts';
import type { Heredoc } from './heredoc.ts';
import type { Span } from './source.ts';

/** The members of every instruction. */
export interface Origin {
  readonly span: Span;
  /** The logical line as written, without its heredocs. */
  readonly text: string;
}

/** `["a", "b"]` is executed directly; anything else is one string for the stage's SHELL. */
export type CommandLine =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly command: string };

/** A pair as written, including quotes and variables. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

export interface From {
  readonly verb: 'FROM';
  readonly image: string;
  /** Lower case. */
  readonly name?: string;
  readonly platform?: string;
}

export interface Run {
  readonly verb: 'RUN';
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  /** The values of `--mount`, as written; parsed when the variables are known. */
  readonly mounts: readonly string[];
  readonly network?: 'default' | 'none' | 'host';
  readonly security?: 'sandbox' | 'insecure';
  readonly devices: readonly string[];
}

export interface Copy {
  readonly verb: 'COPY' | 'ADD';
  /** Paths, patterns or addresses, as written. */
  readonly sources: readonly string[];
  /** Files from heredocs; each is named after its delimiter. */
  readonly documents: readonly Heredoc[];
  readonly destination: string;
  readonly from?: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
  readonly checksum?: string;
  /** ADD: whether archives are unpacked; when absent, only local ones are. */
  readonly unpack?: boolean;
  readonly keepGitDir?: boolean;
}

export interface Env {
  readonly verb: 'ENV' | 'LABEL';
  readonly pairs: readonly Pair[];
}

export interface Arg {
  readonly verb: 'ARG';
  readonly args: readonly { readonly key: string; readonly value?: string }[];
}

export interface Command {
  readonly verb: 'CMD' | 'ENTRYPOINT';
  readonly command: CommandLine;
}

export interface Shell {
  readonly verb: 'SHELL';
  readonly shell: readonly string[];
}

/** The verbs that take one value. */
export interface Single {
  readonly verb: 'WORKDIR' | 'USER' | 'STOPSIGNAL' | 'MAINTAINER';
  readonly value: string;
}

export interface Expose {
  readonly verb: 'EXPOSE' | 'VOLUME';
  readonly values: readonly string[];
}

export interface Healthcheck {
  readonly verb: 'HEALTHCHECK';
  /** `Test` is `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`; durations in nanoseconds. */
  readonly health: HealthConfig;
}

export interface Onbuild {
  readonly verb: 'ONBUILD';
  /** The instruction to run when an image is built on this one, with its heredocs. */
  readonly trigger: string;
}

type StageBody = Run | Copy | Env | Arg | Command | Shell | Single | Expose | Healthcheck | Onbuild;
export type InstructionBody = From | StageBody;
export type Instruction = StageBody & Origin;
