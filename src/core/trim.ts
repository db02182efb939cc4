/**
 * The text without these characters at its end. A regular expression would take time quadratic in the length:
 * it starts again at each of the characters in the middle.
 */
export function trimEndOf(text: string, chars: string): string {
  let end = text.length;
  while (end > 0 && chars.includes(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}
