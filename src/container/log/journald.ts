import { existsSync } from 'node:fs';
import { systemError } from '../../core/errors.ts';
import { shortId } from '../../core/ids.ts';
import type { Datagrams } from '../../host/datagrams.ts';
import type { ContainerDefinition } from '../model.ts';
import { expandTag, logAttributes } from './attributes.ts';
import type { LogLine } from './read.ts';
import { type LogSink, severityOf, textOf } from './sink.ts';

const SOCKET = '/run/systemd/journal/socket';
const DEFAULT_TAG = '{{.ID}}';

/** @throws BargeError system on hosts without systemd's journal. */
export async function openJournald(
  datagrams: Datagrams,
  definition: ContainerDefinition,
  socket = SOCKET,
): Promise<LogSink> {
  if (!existsSync(socket)) {
    throw systemError(`journald is not enabled on this host: there is no ${socket}`);
  }
  const sender = await datagrams.open(socket);
  const fields = Buffer.concat(Object.entries(journalFields(definition)).map(([k, v]) => field(k, v)));
  return {
    send: async (line) => await sender.send(Buffer.concat([fields, ...lineFields(line)])),
    [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
  };
}

/** What every entry of a container has, under the names that docker's users search for. */
export function journalFields(definition: ContainerDefinition): Record<string, string> {
  const { tag: own, ...attributes } = logAttributes(definition);
  const tag = own ?? expandTag(DEFAULT_TAG, definition);
  const named = Object.entries(attributes).map(([name, value]) => [journalName(name), value] as const);
  return {
    ...Object.fromEntries(named.filter(([name]) => name !== '')),
    CONTAINER_ID: shortId(definition.id),
    CONTAINER_ID_FULL: definition.id,
    CONTAINER_NAME: definition.name,
    CONTAINER_TAG: tag,
    IMAGE_NAME: definition.imageName,
    SYSLOG_IDENTIFIER: tag,
  };
}

function lineFields(line: LogLine): Buffer[] {
  const partial = line.text.at(-1) === 0x0a ? [] : [field('CONTAINER_PARTIAL_MESSAGE', 'true')];
  const time = new Date(Number(line.time / 1_000_000n)).toISOString();
  return [
    field('MESSAGE', textOf(line)),
    field('PRIORITY', `${severityOf(line)}`),
    field('SYSLOG_TIMESTAMP', time),
    ...partial,
  ];
}

/** Capital letters, digits and `_`, not `_` first: what the journal takes. */
function journalName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^_+/, '');
}

/** The journal's native protocol: a value with a newline has its length (LE64) before it. */
function field(name: string, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  if (!bytes.includes(0x0a)) return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from('\n')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}
