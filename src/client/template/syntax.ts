/** The tree of a Go template (text/template), as far as docker's formats use it. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | Branch
  | { readonly kind: 'jump'; readonly to: 'break' | 'continue' }
  | Call;

/** `{{template "name" pipe}}`; a `{{block}}` is one that also defines the template. */
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  /** Undefined passes nil to the template. */
  readonly pipe: Pipe | undefined;
  readonly at: number;
}

export interface Branch {
  readonly kind: 'if' | 'range' | 'with';
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

/** `{{$x := a | b | c}}`. */
export interface Pipe {
  /** Variables that receive the result, with their `$`. */
  readonly variables: readonly string[];
  /** `:=` declares new variables, `=` assigns to existing ones. */
  readonly declares: boolean;
  readonly stages: readonly Stage[];
  readonly at: number;
}

/** One part of a pipe: a value, or a function or method with arguments. */
export interface Stage {
  readonly operands: readonly Operand[];
  readonly at: number;
}

export type Operand = { readonly at: number; readonly source: string } & (
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'dot' }
  | { readonly kind: 'fields'; readonly names: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly names: readonly string[] }
);
