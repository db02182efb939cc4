/**
 * The text without these characters at its end. A regular expression for it takes time of the square of the length:
 * it starts anew at each of the characters in the middle.
 */
export function trimEndOf(text: string, chars: string): string {
  let end = text.length;
  while (end > 0 && chars.includes(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}
