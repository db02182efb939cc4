import type { ProgressMessage } from '../../api/engine/system.ts';
import type { Engine } from '../../engine/engine.ts';
import { loadArchive, saveArchive } from '../../engine/images/archives.ts';
import { errorResponse } from '../../http/errors.ts';
import { flag } from '../../http/query.ts';
import { bodyOf } from '../../http/request-body.ts';
import { sendStream } from '../../http/send-stream.ts';
import { messageStream } from '../messages.ts';
import { platformsOf } from '../platforms.ts';
import type { ApiExchange, Routes } from '../routes.ts';

export function imageArchiveRoutes(routes: Routes, engine: Engine): void {
  routes.on('GET', '/images/get', (exchange) => {
    const names = exchange.query.getAll('names').flatMap((text) => text.split(','));
    return saveRoute(engine, exchange, names);
  });
  routes.on('GET', '/images/{name...}/get', (exchange) =>
    saveRoute(engine, exchange, [exchange.params.name ?? '']),
  );
  routes.on('POST', '/images/load', (exchange) => loadRoute(engine, exchange));
}

async function saveRoute(engine: Engine, exchange: ApiExchange, names: readonly string[]): Promise<void> {
  const { query, signal } = exchange;
  const archive = saveArchive(engine, names.filter(Boolean), platformsOf(query), signal);
  await sendStream(exchange, { 'Content-Type': 'application/x-tar' }, archive);
}

async function loadRoute(engine: Engine, exchange: ApiExchange): Promise<void> {
  const { query, request, signal } = exchange;
  const quiet = flag(query, 'quiet');
  const platforms = platformsOf(query);
  await messageStream(exchange, async (write) => {
    const onProgress = (message: ProgressMessage) => {
      if (!quiet || message.stream) write(message);
    };
    try {
      await loadArchive(engine, bodyOf(request), { platforms, onProgress, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      /* Docker's status is 200 before it has looked at the archive. */
      const { message } = errorResponse(error).body;
      write({ errorDetail: { message }, error: message });
    }
  });
}
