import { invalidParameter } from '../core/errors.ts';
import type { BuildRequest } from './request.ts';

/** `SOURCE_DATE_EPOCH`: the time of the image and its files, in seconds since 1970. */
export function sourceDate({ buildArgs = {} }: Pick<BuildRequest, 'buildArgs'>): Date | undefined {
  const text = buildArgs.SOURCE_DATE_EPOCH;
  if (text === undefined || text === null || text === '') return undefined;
  if (!/^\d{1,11}$/.test(text))
    throw invalidParameter(`invalid SOURCE_DATE_EPOCH: ${text}: want seconds since 1970`);
  return new Date(Number(text) * 1000);
}
