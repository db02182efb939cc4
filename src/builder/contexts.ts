/** What a name of `--build-context` refers to. */
export type NamedContext =
  | { readonly kind: 'directory'; readonly directory: string }
  /** An image's reference. */
  | { readonly kind: 'image'; readonly reference: string };

/** Named contexts for FROM and `--from`; names are compared in lower case. */
export type NamedContexts = ReadonlyMap<string, NamedContext>;
