import type { EngineClient } from '../transport/engine.ts';

/**
 * Puts the local terminal into raw mode until disposed of. Node's raw mode still turns LF into CR LF, which would
 * spoil full-screen programs, since the container's terminal has done so already; stty switches that off, too.
 */
export function rawMode(): Disposable {
  if (!process.stdin.isTTY) return { [Symbol.dispose]() {} };
  const restore = () => process.stdin.setRawMode(false);
  process.stdin.setRawMode(true);
  // Loaded here so that runs without a terminal start without it; a missing stty costs looks only.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
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
export function followSize(engine: EngineClient, path: string): Disposable {
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
