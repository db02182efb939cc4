import type { EventMessage } from '../../api/engine/system.ts';
import { defineCommand } from '../command.ts';
import { filtersQuery } from '../format/filters.ts';
import { FILTER, LIST_FORMAT } from '../format/format-flag.ts';
import { compileTemplate } from '../template/evaluator.ts';
import { exactJson } from '../template/print.ts';
import { timeFlag } from '../time.ts';
import { parseExact } from '../transport/exact-json.ts';
import { jsonLines } from '../transport/json-lines.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [
    FILTER,
    LIST_FORMAT,
    { name: 'since', type: 'string', description: 'Show events since this time, or this long ago' },
    { name: 'until', type: 'string', description: 'Show events until this time' },
  ],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const time = (name: 'since' | 'until') => (flags.has(name) ? timeFlag(flags, name) : undefined);
    const show = compileFormat(flags.text('format'));
    const { body } = await cli.engine.request('GET', '/events', {
      query: { since: time('since'), until: time('until'), filters: filtersQuery(flags.list('filter')) },
    });
    for await (const event of jsonLines<ExactEvent>(body, parseExact)) cli.out(`${show(event)}\n`);
    return 0;
  },
});

/** `timeNano` is larger than a double holds exactly. */
type ExactEvent = Omit<EventMessage, 'timeNano'> & { readonly timeNano: bigint | number };

function compileFormat(format: string): (event: ExactEvent) => string {
  if (format === '') return formatEvent;
  if (format === 'json') return (event) => exactJson(event);
  const render = compileTemplate(format, { optional: new Set(['status', 'id', 'from']) });
  return (event) =>
    render({
      ...event,
      ID: event.Actor.ID,
      Status: event.Action,
      From: event.Actor.Attributes.image ?? '',
      Scope: event.scope,
      Time: event.time,
      TimeNano: event.timeNano,
    });
}

/** `2024-05-01T10:00:00.123456789Z container start 0123… (image=busybox, name=web)`. */
function formatEvent({ Type, Action, Actor, time, timeNano }: ExactEvent): string {
  const attributes = Object.entries(Actor.Attributes ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  const tail = attributes.length > 0 ? ` (${attributes.join(', ')})` : '';
  return `${formatTime(time, timeNano)} ${Type} ${Action} ${Actor.ID}${tail}`;
}

/** RFC 3339 with nanoseconds, in the local zone. */
function formatTime(seconds: number, nano: bigint | number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const fraction = String(BigInt(nano) % 1_000_000_000n).padStart(9, '0');
  const offset = -date.getTimezoneOffset();
  const size = Math.abs(offset);
  const zone =
    offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}${zone}`;
}
