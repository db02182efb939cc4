import type { Handler } from '../exchange.ts';

/** GET /v2/ (end-1): here is a registry, and the credentials are good. */
export const ping: Handler = async (exchange) => exchange.response.json(200, {});
