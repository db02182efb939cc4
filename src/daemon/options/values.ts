import { existsSync, readFileSync } from 'node:fs';
import { invalidParameter, messageOf } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { flagNames, type Setting, settingOfFlag, settingOfKey, settingOfShort } from './table.ts';

/** Settings by flag name: text, a list, a truth, a number, or what JSON the file has. */
export type Values = Readonly<Record<string, unknown>>;

/** @throws BargeError invalid-parameter naming the flag that is wrong. */
export function parseFlags(args: readonly string[]): Values {
  const values: Record<string, unknown> = {};
  const waiting = [...args];
  for (let arg = waiting.shift(); arg !== undefined; arg = waiting.shift()) {
    const long = /^--([\w-]+)(?:=([\s\S]*))?$/.exec(arg);
    const short = /^-(\w)=?([\s\S]+)?$/.exec(arg);
    const setting = long ? settingOfFlag(long[1] ?? '') : short ? settingOfShort(short[1] ?? '') : undefined;
    if (!setting) throw unknownFlag(arg, long?.[1]);
    const attached = long ? long[2] : short?.[2];
    if (setting.kind === 'flag') {
      values[setting.name] = truth(setting, attached ?? 'true');
      continue;
    }
    const text = attached ?? waiting.shift();
    if (text === undefined) throw invalidParameter(`flag needs an argument: --${setting.name}`);
    values[setting.name] = withValue(values[setting.name], setting, text);
  }
  return values;
}

function unknownFlag(arg: string, name: string | undefined): Error {
  if (!arg.startsWith('-')) return invalidParameter(`unexpected argument "${arg}" (see --help)`);
  const near = name && nearest(name, flagNames());
  const hint = near ? `: did you mean --${near}?` : '';
  return invalidParameter(`unknown flag: ${arg.split('=')[0]}${hint} (see --help)`);
}

function withValue(before: unknown, setting: Setting, text: string): unknown {
  if (setting.kind === 'number') return numberOf(setting, text);
  if (setting.kind === 'text') return text;
  return [...((before as string[] | undefined) ?? []), text];
}

function truth({ name }: Setting, text: string): boolean {
  if (['true', '1', 't'].includes(text.toLowerCase())) return true;
  if (['false', '0', 'f'].includes(text.toLowerCase())) return false;
  throw invalidParameter(`invalid argument "${text}" for "--${name}": want true or false`);
}

function numberOf({ name }: Setting, text: string): number {
  if (!/^-?\d+$/.test(text))
    throw invalidParameter(`invalid argument "${text}" for "--${name}": want a number`);
  return Number(text);
}

/** The settings of daemon.json under the names of flags. @throws BargeError for unknown names and wrong types. */
export function readConfigFile(path: string, mustExist: boolean): Values {
  const wrong = (message: string, cause?: unknown) =>
    invalidParameter(`unable to configure the daemon with file ${path}: ${message}`, { cause });
  if (!existsSync(path)) {
    if (mustExist) throw wrong('the configuration file does not exist');
    return {};
  }
  let parsed: unknown;
  try {
    /* An empty file is one without settings. */
    parsed = JSON.parse(readFileSync(path, 'utf8').trim() || '{}');
  } catch (error) {
    throw wrong(messageOf(error), error);
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
    throw wrong('want a JSON object');
  const unknown = Object.keys(parsed).filter((key) => !settingOfKey(key));
  if (unknown.length > 0) {
    throw wrong(`the following directives don't match any configuration option: ${unknown.join(', ')}`);
  }
  return Object.fromEntries(
    Object.entries(parsed).map(([key, value]) => {
      const setting = settingOfKey(key) as Setting;
      if (!fits(setting, value)) throw wrong(`"${key}" has the wrong type`);
      return [setting.name, value];
    }),
  );
}

function fits({ name, kind }: Setting, value: unknown): boolean {
  if (name === 'default-address-pool') return Array.isArray(value);
  switch (kind) {
    case 'text':
      /* Addresses and sizes may be written as plain numbers too. */
      return typeof value === 'string' || (name === 'default-shm-size' && typeof value === 'number');
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return Number.isInteger(value);
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'map':
    case 'json':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}

/** Flags and file together. @throws BargeError invalid-parameter for what both of them set, as dockerd does. */
export function joinValues(flags: Values, file: Values, path: string): Values {
  const both = Object.keys(file).filter((name) => flags[name] !== undefined);
  if (both.length > 0) {
    throw invalidParameter(
      `unable to configure the daemon with file ${path}: the following directives are specified both as a flag and in the configuration file: ${both.join(', ')}`,
    );
  }
  return { ...file, ...flags };
}
