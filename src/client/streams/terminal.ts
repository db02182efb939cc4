import type { EngineClient } from '../transport/engine.ts';

/**
 * Puts the local terminal into raw mode until disposed of. Node's raw mode still turns LF into CR LF, which the
 * container's terminal has done already, and doing it twice breaks full-screen programs; stty disables that as well.
 */
export function rawMode(): Disposable {
  if (!process.stdin.isTTY) return { [Symbol.dispose]() {} };
  const restore = () => process.stdin.setRawMode(false);
  process.stdin.setRawMode(true);
  // Loaded here because runs without a terminal do not need it; a missing stty affects only the display.
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
 * Reports the size of the local terminal to the daemon, now and whenever it changes, until disposed of.
 * @param path `/containers/<id>` or `/exec/<id>`
 */
export function followSize(engine: EngineClient, path: string): Disposable {
  const tell = () => {
    const { rows, columns } = process.stdout;
    if (!rows || !columns) return;
    // Resizing fails when the container has just ended, which does not matter.
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
