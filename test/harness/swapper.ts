import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** renameat2's number on this machine. */
const RENAMEAT2 = process.arch === 'arm64' ? 276 : 316;
const EXCHANGE = 2;

/** Says a byte after its first round, and then goes on until it is killed. */
const SCRIPT = `
  my ($directory, $call, $flag, $name, @others) = @ARGV;
  $_ += 0 for $call, $flag;
  chdir $directory or die "$directory: $!";
  for (my $round = 0;; $round++) {
    syscall $call, -100, $name, -100, $_, $flag for @others;
    syswrite STDOUT, "." if $round == 0;
  }`;

/**
 * Lets `name` in a directory become each of `others` in turn, as fast as the kernel can exchange names: whoever looks twice
 * sees two different things soon. Stops when it is disposed of.
 */
export async function swapping(
  directory: string,
  name: string,
  others: readonly string[],
): Promise<AsyncDisposable> {
  const args = [directory, `${RENAMEAT2}`, `${EXCHANGE}`, name, ...others];
  const child = spawn('perl', ['-e', SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), exited]);
  if (typeof first[0] === 'number') throw new Error(`perl ended with ${first[0]}`);
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
