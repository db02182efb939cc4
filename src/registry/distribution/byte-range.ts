import { registryError } from '../registry-error.ts';
import type { ByteRange } from '../storage/storage.ts';

/**
 * Reads a `Range` header (RFC 9110 section 14.2) for content of `size` bytes.
 * @returns undefined when the whole content should be sent, for no header, another unit, several ranges or
 * malformed text; `unsatisfiable` when no byte of the content is in the range.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}

/**
 * Reads the `Content-Range: <start>-<end>` of a chunk (distribution spec, "Pushing a blob in chunks"); the
 * form `bytes <start>-<end>/<size>` of RFC 9110 is supported, too.
 * @throws RegistryError RANGE_INVALID.
 */
export function parseContentRange(header: string): ByteRange {
  const match = /^(?:bytes )?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  const range = { start: Number(match?.[1]), end: Number(match?.[2]) };
  if (!match || range.end < range.start) {
    throw registryError('RANGE_INVALID', 'invalid content range: want <start>-<end>', { range: header });
  }
  return range;
}
