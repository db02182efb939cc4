/** `a long text` truncated to `width` characters, of which the last is an ellipsis. */
export function ellipsis(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `12.35kB`: four significant digits, as in some of docker's tables; the others use `formatBytes`, with three. */
export function exactSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < SIZE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${SIZE_UNITS[unit]}`;
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
