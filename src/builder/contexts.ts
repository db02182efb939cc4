/** What a name of `--build-context` stands for. */
export type NamedContext =
  | { readonly kind: 'directory'; readonly directory: string }
  /** An image's reference. */
  | { readonly kind: 'image'; readonly reference: string };

/** Named contexts in reach of FROM and `--from`; names are compared in lower case. */
export type NamedContexts = ReadonlyMap<string, NamedContext>;
