import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { cancelled } from '../../core/errors.ts';

/** Prompts on the terminal. @throws BargeError cancelled when the input ends. */
export function ask(question: string): Promise<string> {
  return read(question, process.stdout);
}

/** Prompts without echoing the input. */
export async function askSecret(question: string): Promise<string> {
  process.stdout.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await read('', silent);
  } finally {
    process.stdout.write('\n');
  }
}

function read(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true });
  return new Promise((resolve, reject) => {
    lines.on('close', () => reject(cancelled('no answer given')));
    lines.on('SIGINT', () => lines.close());
    lines.question(question, (response) => {
      resolve(response.trim());
      lines.close();
    });
  });
}

/** A yes-or-no prompt before a dangerous action; only `y` and `yes` agree. */
export async function confirm(warning: string): Promise<boolean> {
  const response = await ask(`${warning}\nAre you sure you want to continue? [y/N] `).catch(() => '');
  return /^y(?:es)?$/i.test(response);
}
