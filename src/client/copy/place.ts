import { invalidParameter } from '../../core/errors.ts';
import { pathSegment } from '../each.ts';
import type { EngineClient } from '../transport/engine.ts';

export interface Place {
  /** Undefined for a path of this machine. */
  readonly container?: string;
  readonly path: string;
}

export interface CopyOptions {
  readonly archive: boolean;
  readonly followLink: boolean;
}

/** `container:path`; what starts with `/` or `.` is a local path even with a colon in it. */
export function parsePlace(text: string): Place {
  if (text === '') throw invalidParameter('the path to copy must not be empty');
  const colon = text.indexOf(':');
  if (text.startsWith('/') || text.startsWith('.') || colon <= 0) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** `X-Docker-Container-Path-Stat`, decoded. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's file mode: the top bit means directory, 2^27 symbolic link. */
  readonly mode: number;
  readonly linkTarget: string;
}

const GO_DIRECTORY = 2 ** 31;
const GO_SYMLINK = 2 ** 27;

const hasBit = (mode: number, bit: number) => Math.floor(mode / bit) % 2 === 1;
export const isDirectory = (stat: PathStat) => hasBit(stat.mode, GO_DIRECTORY);
export const isLink = (stat: PathStat) => hasBit(stat.mode, GO_SYMLINK);

export const archivePath = (container: string) => `/containers/${pathSegment(container)}/archive`;

/** The status of `path` inside a container. @throws EngineError not-found. */
export async function statPath(engine: EngineClient, container: string, path: string): Promise<PathStat> {
  const { headers, body } = await engine.request('HEAD', archivePath(container), { query: { path } });
  await body.return();
  return decodeStat(headers.get('x-docker-container-path-stat'));
}

/** @throws BargeError invalid-parameter when the daemon sent no such header. */
export function decodeStat(header: string | undefined): PathStat {
  if (!header) throw invalidParameter('the daemon did not report the status of the path');
  return JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as PathStat;
}

/** Whether a path stands for the contents of a directory (`dir/.`). */
export const asksForContents = (path: string) => path === '.' || path.endsWith('/.');
