/** `a long text` cut to `width` characters, an ellipsis the last of them. */
export function ellipsis(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

/** `key=value,…`, sorted, as docker's tables show labels. */
export function formatLabels(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** A template's `.Label "key"`. */
export function labelField(labels: Readonly<Record<string, string>> | null | undefined) {
  return (name: unknown) => labels?.[String(name)] ?? '';
}
