import type { Handler } from '../exchange.ts';

/** GET /v2/ (end-1): confirms that this is a registry and that the credentials are valid. */
export const ping: Handler = async (exchange) => exchange.response.json(200, {});
