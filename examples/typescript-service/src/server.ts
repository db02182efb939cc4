import { makeApp } from './app.js';

const app = makeApp();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.close());
await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 3000) });
