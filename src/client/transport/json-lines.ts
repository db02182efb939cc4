import { dataLoss } from '../../core/errors.ts';

/** The largest accepted message. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Reads a stream of JSON texts, one per line, with `parse`. @throws BargeError data-loss on a line that is not JSON.
 */
export async function* jsonLines<T>(
  chunks: AsyncIterable<Uint8Array>,
  parse: (text: string) => unknown = JSON.parse,
): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > MAX_LINE_BYTES) throw dataLoss('the daemon sent a message that is too long');
    for (const line of lines) if (line.trim() !== '') yield parseLine<T>(line, parse);
  }
  if (pending.trim() !== '') yield parseLine<T>(pending, parse);
}

function parseLine<T>(line: string, parse: (text: string) => unknown): T {
  try {
    return parse(line) as T;
  } catch (cause) {
    throw dataLoss(`the daemon sent a line that is not JSON: ${line.slice(0, 80)}`, { cause });
  }
}
