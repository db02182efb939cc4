import { resolve } from 'node:path';

/** Where one of our C programs lies: `BARGE_LIBEXEC`, which the launchers set, else the checkout's dist/bin. */
export function helperProgram(name: string): string {
  return resolve(process.env.BARGE_LIBEXEC ?? `${import.meta.dirname}/../../dist/bin`, name);
}
