import { readFile } from 'node:fs/promises';
import { BargeError, errnoOf } from '../core/errors.ts';

/** The runtime could not start a process. `exitCode` is what a shell would give: 126, 127, or 128. */
export class StartFailure extends BargeError {
  override readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(exitCode === 128 ? 'system' : 'invalid-parameter', message);
    this.name = 'StartFailure';
    this.exitCode = exitCode;
  }
}

interface RuntimeLogLine {
  readonly msg?: string;
  readonly level?: string;
}

/** Turns the runtime's log into an error in docker's words, whichever runtime wrote it. */
export async function startFailure(logPath: string, command: string, action: string): Promise<StartFailure> {
  const said = (await lastError(logPath)) ?? 'the runtime gave no reason';
  const prefix = `${action} failed: unable to start container process`;
  if (isMissing(said.toLowerCase())) {
    const missing = command.includes('/')
      ? `stat ${command}: no such file or directory`
      : 'executable file not found in $PATH';
    return new StartFailure(`${prefix}: exec: "${command}": ${missing}`, 127);
  }
  if (NOT_EXECUTABLE.test(said) && !/mount|cgroup|open /i.test(said.replace(/open executable/i, ''))) {
    const reason = /format/i.test(said)
      ? 'exec format error'
      : /directory/i.test(said)
        ? 'is a directory'
        : 'permission denied';
    return new StartFailure(`${prefix}: exec: "${command}": ${reason}`, 126);
  }
  const words = inDockersCase(said);
  if (NO_DIRECTORY.test(said)) return new StartFailure(`${prefix}: ${words}`, 127);
  return new StartFailure(`${action} failed: ${words}`, 128);
}

/** The working directory is not there, or is none. */
const NO_DIRECTORY = /^ch?dir .*: (no such file or|not a) directory$/i;

const LIBC_WORDS =
  /: (No such file or directory|Permission denied|Operation not permitted|Is a directory|Not a directory|File exists|Invalid argument|Too many levels of symbolic links|No space left on device|Read-only file system|Device or resource busy|Cannot allocate memory|No such device|File name too long|Input\/output error|Resource temporarily unavailable|Bad file descriptor|No such process|Exec format error|Function not implemented|Operation not supported)$/gm;

/** The C library's words as Go writes them: clients look for these. */
function inDockersCase(said: string): string {
  return said.replace(LIBC_WORDS, (words) => words.toLowerCase());
}

const MISSING = 'no such file or directory';

/** Whether one of these is followed by what it is said of. The text may hold a command of any length. */
function isMissing(said: string): boolean {
  return said.split('\n').some((line) => {
    const follows = (first: string, then: string) => {
      const at = line.indexOf(first);
      return at !== -1 && line.indexOf(then, at + first.length) !== -1;
    };
    return (
      follows('executable file ', ' not found') ||
      ['executable', 'exec:', 'stat '].some((word) => follows(word, MISSING))
    );
  });
}

const NOT_EXECUTABLE = /permission denied|operation not permitted|is a directory|exec format error/i;

async function lastError(logPath: string): Promise<string | undefined> {
  try {
    const lines = (await readFile(logPath, 'utf8')).trim().split('\n').filter(Boolean);
    const parsed = lines.map((line) => JSON.parse(line) as RuntimeLogLine);
    return (
      parsed.findLast((line) => line.level === 'error' || line.level === undefined)?.msg ?? parsed.at(-1)?.msg
    );
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
