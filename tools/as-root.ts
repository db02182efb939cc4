import { spawnSync } from 'node:child_process';

/** Containers need root, so this restarts the program by sudo unless it runs as root. */
export function becomeRoot(): void {
  if (process.getuid?.() === 0) return;
  const args = ['--', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('sudo', args, { stdio: 'inherit' });
  if (error) process.stderr.write(`this needs root, and sudo could not be started: ${error.message}\n`);
  process.exit(status ?? 1);
}
