import type { EventMessage } from '../../api/engine/system.ts';
import { invalidParameter } from '../../core/errors.ts';
import { integerValue } from '../../core/exact-integer.ts';
import { parseTimestamp } from '../../core/timestamp.ts';
import type { Engine } from '../../engine/engine.ts';
import { eventPasses } from '../../engine/event-filter.ts';
import { parseFilters } from '../../engine/filters.ts';
import { legacyEvent } from '../compat.ts';
import type { ApiExchange } from '../routes.ts';

/** What a client may ask for in `Accept`; the first is what it gets when it accepts all of them alike. */
const JSON_SEQUENCE = 'application/json-seq';
const LINES = ['application/x-ndjson', 'application/jsonl', JSON_SEQUENCE];
const RECORD_SEPARATOR = '\x1e';
/** Bytes that wait for a client that does not read; it is let go when there are more. */
const MAX_UNREAD = 4 << 20;

/** `GET /events`: what is still kept of the past when a time is asked for, then what happens until `until`. */
export async function streamEvents(
  engine: Engine,
  { request, query, response, version, signal }: ApiExchange,
): Promise<void> {
  const [since, until] = [timeOf(query, 'since'), timeOf(query, 'until')];
  if (since !== undefined && until !== undefined && until < since) {
    const [from, to] = [query.get('since'), query.get('until')];
    throw invalidParameter(`\`since\` time (${from}) cannot be after \`until\` time (${to})`);
  }
  const filters = parseFilters(query.get('filters') ?? '');
  const accept = (request.headers.accept ?? '').split(',').map((type) => type.split(';')[0]?.trim());
  const type = LINES.find((line) => accept.includes(line)) ?? 'application/json';
  const prefix = type === JSON_SEQUENCE ? RECORD_SEPARATOR : '';
  const out = response.stream(200, { 'Content-Type': type });
  const send = (event: EventMessage) => {
    if (out.writableLength > MAX_UNREAD) return void out.destroy();
    if (until !== undefined && integerValue(event.timeNano) > until) return;
    if (eventPasses(event, filters)) out.write(`${prefix}${JSON.stringify(legacyEvent(version, event))}\n`);
  };
  if (since !== undefined || until !== undefined) {
    for (const event of engine.events.past()) {
      if (since === undefined || integerValue(event.timeNano) >= since) send(event);
    }
  }
  using _listening = engine.events.listen(send);
  await untilOver(until, signal);
  out.end();
}

function timeOf(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  return text ? parseTimestamp(text) : undefined;
}

/** The longest time of a timer; until then nobody waits for the end of events. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function untilOver(until: bigint | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const left = until === undefined ? undefined : Number(until / 1_000_000n) - Date.now();
    const timer =
      left === undefined ? undefined : setTimeout(resolve, Math.min(Math.max(0, left), MAX_TIMER_MS));
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
    return undefined;
  });
}
