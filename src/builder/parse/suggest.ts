import { editDistance } from '../../core/nearest.ts';

/** ` (did you mean X?)` for the option nearest to `word`, or '' when none is near. */
export function suggestion(word: string, options: readonly string[]): string {
  const limit = Math.min(3, Math.max(1, Math.floor(word.length / 2)));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const option of options) {
    const distance = editDistance(word.toLowerCase(), option.toLowerCase());
    if (distance > 0 && distance < bestDistance) {
      best = option;
      bestDistance = distance;
    }
  }
  return best === undefined ? '' : ` (did you mean ${best}?)`;
}
