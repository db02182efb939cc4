import type { HealthConfig } from '../../../api/oci-image.ts';
import { parseDuration } from '../../../core/units.ts';
import { SyntaxMistake } from '../errors.ts';
import type { Healthcheck } from '../instruction.ts';
import type { ReadFlags, Statement } from '../statement.ts';
import { commandLine } from './run.ts';

const MINIMUM_NANOSECONDS = 1e6;

/** `HEALTHCHECK [options] CMD command` or `HEALTHCHECK NONE`. */
export function readHealthcheck(statement: Statement): Healthcheck {
  const { rest } = statement;
  const match = /^(\S+)\s*([\s\S]*)$/.exec(rest.text);
  if (!match) throw new SyntaxMistake('HEALTHCHECK requires at least one argument');
  const type = (match[1] ?? '').toUpperCase();
  const body = { text: match[2] ?? '', offset: rest.offset + rest.text.length - (match[2] ?? '').length };
  if (type === 'NONE') {
    if (body.text !== '') throw new SyntaxMistake('HEALTHCHECK NONE takes no arguments', body.offset);
    return { verb: 'HEALTHCHECK', health: { Test: ['NONE'] } };
  }
  if (type !== 'CMD') {
    throw new SyntaxMistake(`Unknown type "${type}" in HEALTHCHECK (try CMD)`, rest.offset);
  }
  if (body.text === '') throw new SyntaxMistake('Missing command after HEALTHCHECK CMD');
  const command = commandLine(body);
  const test = command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.command];
  return { verb: 'HEALTHCHECK', health: { Test: test, ...healthOptions(statement) } };
}

function healthOptions(statement: Statement): Omit<HealthConfig, 'Test'> {
  const flags = statement.flags.read({
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  const interval = nanoseconds(flags, 'interval');
  const timeout = nanoseconds(flags, 'timeout');
  const startPeriod = nanoseconds(flags, 'start-period');
  const startInterval = nanoseconds(flags, 'start-interval');
  const retries = flags.text('retries');
  if (retries !== undefined && !/^-?\d+$/.test(retries)) {
    throw new SyntaxMistake(`invalid value "${retries}" for flag --retries: want a number`);
  }
  if (Number(retries ?? 0) < 0) throw new SyntaxMistake(`--retries cannot be negative (${retries})`);
  return {
    ...(interval ? { Interval: interval } : {}),
    ...(timeout ? { Timeout: timeout } : {}),
    ...(startPeriod ? { StartPeriod: startPeriod } : {}),
    ...(startInterval ? { StartInterval: startInterval } : {}),
    ...(Number(retries ?? 0) > 0 ? { Retries: Number(retries) } : {}),
  };
}

function nanoseconds(flags: ReadFlags, name: string): number {
  const text = flags.text(name);
  if (text === undefined || text === '') return 0;
  const value = parseDuration(text);
  if (value !== 0 && value < MINIMUM_NANOSECONDS) {
    throw new SyntaxMistake(`Interval "${name}" cannot be less than 1ms`);
  }
  return value;
}
