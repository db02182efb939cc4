import assert from 'node:assert/strict';
import type { Answer } from './api.ts';
import type { TestDaemon } from './daemon.ts';

/** Short ways to a daemon's API for tests that make many requests. */
export function apiClient(daemon: TestDaemon) {
  const get = (path: string) => daemon.api(path);
  const post = (path: string, body?: unknown) => daemon.api(path, { method: 'POST', body });
  const remove = (path: string) => daemon.api(path, { method: 'DELETE' });
  const create = async (name: string, body: object = {}): Promise<string> => {
    const request = { Image: 'busybox', Cmd: ['sleep', '1000'], ...body };
    const response = await post(`/containers/create?name=${name}`, request);
    assert.equal(response.status, 201, response.text);
    return response.json().Id;
  };
  const run = async (name: string, body: object = {}): Promise<string> => {
    const id = await create(name, body);
    assert.equal((await post(`/containers/${id}/start`)).status, 204);
    return id;
  };
  const destroy = async (...names: string[]) => {
    for (const name of names) assert.equal((await remove(`/containers/${name}?force=1&v=1`)).status, 204);
  };
  /** Runs a command in a container. @returns its output; fails for another exit code than 0. */
  const exec = async (name: string, command: readonly string[], options: object = {}): Promise<string> => {
    const body = { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true, ...options };
    const { Id } = (await post(`/containers/${name}/exec`, body)).json();
    const output = (await post(`/exec/${Id}/start`, { Tty: true })).text;
    assert.equal((await get(`/exec/${Id}/json`)).json().ExitCode, 0, output);
    return output.replaceAll('\r\n', '\n');
  };
  return { get, post, remove, create, run, destroy, exec };
}

/** The status and message of an error answer, whose body holds nothing else. */
export function errorOf(response: Answer): [number, string] {
  assert.deepEqual(Object.keys(response.json()), ['message']);
  assert.match(String(response.headers['content-type']), /^application\/json/);
  return [response.status, response.json().message];
}

export const withFilters = (path: string, filters: object) =>
  `${path}${path.includes('?') ? '&' : '?'}filters=${encodeURIComponent(JSON.stringify(filters))}`;
