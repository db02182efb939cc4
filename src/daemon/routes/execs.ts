import type { Duplex } from 'node:stream';
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../../api/engine/system.ts';
import { messageOf } from '../../core/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { readBody } from '../decode/body.ts';
import { EXEC_CREATE, EXEC_START } from '../decode/exec.ts';
import { frame } from '../logs.ts';
import type { Routes } from '../routes.ts';
import { bridge, parseDetachKeys } from '../streams.ts';
import { terminalSize } from './container-streams.ts';

export function execRoutes(routes: Routes, engine: Engine): void {
  routes.on('POST', '/containers/{id...}/exec', async ({ request, params, response }) => {
    const body = await readBody(request, EXEC_CREATE);
    if (body.DetachKeys) parseDetachKeys(body.DetachKeys);
    response.json(201, { Id: await engine.execs.create(params.id ?? '', body) });
  });
  routes.on(
    'POST',
    '/exec/{id}/start',
    async ({ request, params, response }) => {
      const id = params.id ?? '';
      const body = await readBody(request, EXEC_START);
      const keys = engine.execs.hasTerminal(id) ? parseDetachKeys(engine.execs.detachKeys(id)) : undefined;
      /* Frames are what this request asks for, whether the process has a terminal or not: so does docker. */
      const raw = Boolean(body.Tty);
      const type = raw ? RAW_STREAM : MULTIPLEXED_STREAM;
      if (body.Detach) {
        await engine.execs.start(id, body);
        response.empty(200);
        return;
      }
      engine.execs.assertStartable(id);
      /* Before the process writes anything: docker-py loses what comes together with the headers. */
      const client = response.hijack(type);
      let stream: Duplex;
      try {
        stream = await engine.execs.start(id, body);
      } catch (error) {
        /* Docker's way: what cannot be started says so where its output would come; its code is inspected. */
        const words = Buffer.from(`${messageOf(error)}\r\n`);
        client.end(raw ? words : frame(1, words));
        return;
      }
      const input = engine.execs.takesInput(id);
      const { detached } = await bridge(client, stream, {
        detachKeys: keys,
        input,
        ended: engine.execs.ended(id),
      });
      if (detached) engine.execs.noteDetach(id);
    },
    { hijacks: true },
  );
  routes.on('POST', '/exec/{id}/resize', async ({ params, query, response }) => {
    const { rows, columns } = terminalSize(query);
    await engine.execs.resize(params.id ?? '', rows, columns);
    response.empty(200);
  });
  routes.on('GET', '/exec/{id}/json', ({ params, response }) => {
    response.json(200, engine.execs.inspect(params.id ?? ''));
  });
}
