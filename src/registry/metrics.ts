import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { failsElsewhere } from '../core/streams.ts';

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

/** Counters since the start. */
export class RegistryMetrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = BUCKETS.map(() => 0);
  #sum = 0;
  #count = 0;
  #sent = 0;
  #received = 0;
  #collections = 0;
  #collectedContents = 0;
  #collectedBytes = 0;
  #scrubbedContents = 0;
  #scrubbedBytes = 0;
  #damaged = 0;
  #lastScrub = 0;
  readonly #cache = { hit: 0, miss: 0, stale: 0 };

  /** @param seconds from the first byte of the request to the last byte of the response. */
  request(method: string, status: number, seconds: number, bytes: { sent: number; received: number }): void {
    const key = `method="${method}",status="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    BUCKETS.forEach((limit, i) => {
      if (seconds <= limit) this.#durations[i] = (this.#durations[i] ?? 0) + 1;
    });
    this.#sum += seconds;
    this.#count++;
    this.#sent += bytes.sent;
    this.#received += bytes.received;
  }

  collected({ contents, bytes }: { readonly contents: number; readonly bytes: number }): void {
    this.#collections++;
    this.#collectedContents += contents;
    this.#collectedBytes += bytes;
  }

  /** Counts the scrub of one content. */
  scrubbed(bytes: number, damaged: boolean): void {
    this.#scrubbedContents++;
    this.#scrubbedBytes += bytes;
    if (damaged) this.#damaged++;
  }

  scrubEnded(): void {
    this.#lastScrub = Date.now() / 1000;
  }

  /** A cache's responses from its own store, from upstream, and while upstream was unreachable. */
  cached(kind: 'hit' | 'miss' | 'stale'): void {
    this.#cache[kind]++;
  }

  #more(): string[] {
    const counter = (name: string, value: number) => [
      `# TYPE barge_registry_${name} counter`,
      `barge_registry_${name} ${value}`,
    ];
    return [
      ...counter('collections_total', this.#collections),
      ...counter('collected_contents_total', this.#collectedContents),
      ...counter('collected_bytes_total', this.#collectedBytes),
      ...counter('scrubbed_contents_total', this.#scrubbedContents),
      ...counter('scrubbed_bytes_total', this.#scrubbedBytes),
      ...counter('damaged_contents_total', this.#damaged),
      '# TYPE barge_registry_last_scrub_timestamp_seconds gauge',
      `barge_registry_last_scrub_timestamp_seconds ${this.#lastScrub}`,
      '# TYPE barge_registry_cache_answers_total counter',
      ...Object.entries(this.#cache).map(
        ([kind, count]) => `barge_registry_cache_answers_total{kind="${kind}"} ${count}`,
      ),
    ];
  }

  /** In the text format of Prometheus. */
  text(): string {
    const name = 'barge_registry_request_duration_seconds';
    const lines = [
      '# TYPE barge_registry_requests_total counter',
      ...[...this.#requests].map(([labels, count]) => `barge_registry_requests_total{${labels}} ${count}`),
      `# TYPE ${name} histogram`,
      ...BUCKETS.map((limit, i) => `${name}_bucket{le="${limit}"} ${this.#durations[i]}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
      '# TYPE barge_registry_sent_bytes_total counter',
      `barge_registry_sent_bytes_total ${this.#sent}`,
      '# TYPE barge_registry_received_bytes_total counter',
      `barge_registry_received_bytes_total ${this.#received}`,
      ...this.#more(),
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ];
    return `${lines.join('\n')}\n`;
  }
}

/**
 * Serves `/metrics` and `/health` at a separate address, away from the clients.
 * @param healthy whether the registry accepts requests and can write.
 */
export async function serveMetrics(
  metrics: RegistryMetrics,
  { host, port }: { readonly host: string; readonly port: number },
  healthy: () => Promise<boolean>,
): Promise<Server> {
  const server = createServer(async (request, response) => {
    failsElsewhere(request);
    failsElsewhere(response);
    if (request.url === '/metrics') {
      response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(metrics.text());
    } else if (request.url === '/health') {
      const good = await healthy();
      response
        .writeHead(good ? 200 : 503, { 'Content-Type': 'text/plain' })
        .end(good ? 'ok\n' : 'not ready\n');
    } else response.writeHead(404).end();
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}
