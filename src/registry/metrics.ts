import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

/** What has been counted since the start. */
export class RegistryMetrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = BUCKETS.map(() => 0);
  #sum = 0;
  #count = 0;
  #sent = 0;
  #received = 0;

  /** @param seconds from the first byte of the request to the last of the answer. */
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
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ];
    return `${lines.join('\n')}\n`;
  }
}

/**
 * Serves `/metrics` and `/health` at an address of their own, away from the clients.
 * @param healthy whether the registry takes requests and can write.
 */
export async function serveMetrics(
  metrics: RegistryMetrics,
  { host, port }: { readonly host: string; readonly port: number },
  healthy: () => Promise<boolean>,
): Promise<Server> {
  const server = createServer(async (request, response) => {
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
