import type { ExecCreateRequest, ExecStartRequest } from '../../api/engine/containers.ts';
import { flag, list, object, pair, text } from './schema.ts';

/** `POST /containers/{id}/exec`. */
export const EXEC_CREATE = object<ExecCreateRequest>('ExecCreateRequest', {
  AttachStdin: flag(),
  AttachStdout: flag(),
  AttachStderr: flag(),
  ConsoleSize: pair(),
  DetachKeys: text(),
  Tty: flag(),
  Env: list(text()),
  Cmd: list(text()),
  Privileged: flag(),
  User: text(),
  WorkingDir: text(),
});

/** `POST /exec/{id}/start`. */
export const EXEC_START = object<ExecStartRequest>('ExecStartRequest', {
  Detach: flag(),
  Tty: flag(),
  ConsoleSize: pair(),
});
