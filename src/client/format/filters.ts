import { splitPair } from '../flags.ts';

/** `--filter name=value` values as the API's JSON: `{"name":["value",…]}`, undefined when there are none. */
export function filtersQuery(
  values: readonly string[],
  more: Readonly<Record<string, string>> = {},
): string | undefined {
  const filters: Record<string, string[]> = {};
  for (const value of values) {
    if (value === '') continue;
    const [name, text] = splitPair(value);
    const key = name.trim().toLowerCase();
    filters[key] = [...(filters[key] ?? []), text.trim()];
  }
  for (const [name, value] of Object.entries(more)) filters[name] ??= [value];
  return Object.keys(filters).length === 0 ? undefined : JSON.stringify(filters);
}
