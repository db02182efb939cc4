import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { failsElsewhere } from '../../core/streams.ts';
import type { Datagrams } from '../../host/datagrams.ts';
import type { ContainerDefinition } from '../model.ts';
import { expandTag } from './attributes.ts';
import type { LogLine } from './read.ts';
import { type LogSink, severityOf, textOf } from './sink.ts';
import { checkSyslogOptions, type SyslogFormat, type SyslogSettings } from './syslog-options.ts';

const MILLISECOND = 1_000_000n;
const DEFAULT_TAG = '{{.ID}}';

/** @throws when nobody listens at `syslog-address`. */
export async function openSyslog(datagrams: Datagrams, definition: ContainerDefinition): Promise<LogSink> {
  const { options } = definition.spec.log;
  const settings = checkSyslogOptions(options);
  const tag = expandTag(options.tag || DEFAULT_TAG, definition);
  const transport = await openTransport(datagrams, settings);
  const framed = settings.target.kind === 'tls' && settings.format.startsWith('rfc5424');
  return {
    send: async (line) => {
      const message = syslogMessage(line, settings, tag);
      await transport.send(framed ? Buffer.concat([Buffer.from(`${message.length} `), message]) : message);
    },
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

/** One message in the asked format (RFC 3164, RFC 5424, or the one of syslog(3) for a local daemon). */
export function syslogMessage(
  line: LogLine,
  { facility, format }: Pick<SyslogSettings, 'facility' | 'format'>,
  tag: string,
): Buffer {
  const priority = facility * 8 + severityOf(line);
  const head = HEADS[format](tag, line.time);
  return Buffer.concat([Buffer.from(`<${priority}>${head} `), textOf(line), Buffer.from('\n')]);
}

const HEADS: Readonly<Record<SyslogFormat, (tag: string, time: bigint) => string>> = {
  '': (tag, time) => `${classicTime(time)} ${tag}[${process.pid}]:`,
  rfc3164: (tag, time) => `${classicTime(time)} ${hostname()} ${tag}[${process.pid}]:`,
  rfc5424: (tag, time) => modern(tag, `${isoTime(time).slice(0, 19)}Z`),
  rfc5424micro: (tag, time) => {
    const micros = `${(time / 1000n) % 1_000_000n}`.padStart(6, '0');
    return modern(tag, `${isoTime(time).slice(0, 19)}.${micros}Z`);
  },
};

const modern = (tag: string, time: string) => `1 ${time} ${hostname()} ${tag} ${process.pid} ${tag} -`;
const isoTime = (time: bigint) => new Date(Number(time / MILLISECOND)).toISOString();
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov  4 09:05:01`, in local time. */
function classicTime(time: bigint): string {
  const date = new Date(Number(time / MILLISECOND));
  const day = `${date.getDate()}`.padStart(2, ' ');
  return `${MONTHS[date.getMonth()]} ${day} ${date.toTimeString().slice(0, 8)}`;
}

interface Transport {
  send(message: Buffer): Promise<void>;
  close(): Promise<void>;
}

async function openTransport(datagrams: Datagrams, { target, tls }: SyslogSettings): Promise<Transport> {
  switch (target.kind) {
    case 'datagram': {
      const sender = await datagrams.open(target.path);
      return {
        send: (message) => sender.send(message),
        close: async () => await sender[Symbol.asyncDispose](),
      };
    }
    case 'udp':
      return udpTransport(target.host, target.port);
    case 'stream':
      return await streamTransport(failsElsewhere(createConnection(target.path)), 'connect');
    case 'tcp':
      return await streamTransport(failsElsewhere(createConnection(target.port, target.host)), 'connect');
    case 'tls': {
      const read = async (path: string | undefined) => (path ? await readFile(path) : undefined);
      /* Failures of a socket that nobody is writing to show at the next message. */
      const socket = failsElsewhere(
        connectTls({
          host: target.host,
          port: target.port,
          ca: await read(tls.ca),
          cert: await read(tls.cert),
          key: await read(tls.key),
          rejectUnauthorized: tls.verify,
        }),
      );
      return await streamTransport(socket, 'secureConnect');
    }
  }
}

function udpTransport(host: string, port: number): Transport {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4').unref();
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        socket.send(message, port, host, (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {
      socket.close();
    },
  };
}

async function streamTransport(socket: Socket, ready: string): Promise<Transport> {
  await once(socket, ready);
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        socket.write(message, (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {
      socket.end();
    },
  };
}
