import type { Engine } from '../transport/engine.ts';

/** Puts the local terminal into raw mode until disposed of. */
export function rawMode(): Disposable {
  if (!process.stdin.isTTY) return { [Symbol.dispose]() {} };
  const restore = () => process.stdin.setRawMode(false);
  process.stdin.setRawMode(true);
  process.on('exit', restore);
  return {
    [Symbol.dispose]() {
      process.off('exit', restore);
      restore();
    },
  };
}

/**
 * Tells the daemon the size of the local terminal, now and whenever it changes, until disposed of.
 * @param path `/containers/<id>` or `/exec/<id>`
 */
export function followSize(engine: Engine, path: string): Disposable {
  const tell = () => {
    const { rows, columns } = process.stdout;
    if (!rows || !columns) return;
    // A container that has just ended cannot be resized, and nobody misses it.
    engine.call('POST', `${path}/resize`, { query: { h: rows, w: columns } }).catch(() => {});
  };
  tell();
  process.stdout.on('resize', tell);
  return {
    [Symbol.dispose]() {
      process.stdout.off('resize', tell);
    },
  };
}
