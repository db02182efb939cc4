import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { invalidParameter } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import type { Exchange } from './exchange.ts';

/** Maximum bytes of one message from the client: these are keystrokes, not uploads. */
const MAX_MESSAGE = 16 << 20;

const sockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE,
});

/**
 * Upgrades a connection to a WebSocket (RFC 6455). The stream carries bytes: writes are sent as binary messages,
 * and messages of either kind can be read.
 * @throws BargeError invalid-parameter when the request does not ask for a WebSocket of version 13.
 */
export async function acceptWebSocket({ request, response }: Exchange): Promise<Duplex> {
  const { upgrade, 'sec-websocket-key': key, 'sec-websocket-version': version } = request.headers;
  if (upgrade?.toLowerCase() !== 'websocket' || !key) {
    throw invalidParameter('attaching here needs a WebSocket: send Upgrade: websocket and Sec-WebSocket-Key');
  }
  if (version !== '13') {
    throw invalidParameter('only version 13 of the WebSocket protocol is supported');
  }
  if (!KEY.test(key)) {
    throw invalidParameter('invalid Sec-WebSocket-Key: it needs 16 bytes in base64');
  }
  const connection = response.connection();
  return await new Promise((resolve) => {
    sockets.handleUpgrade(request, connection, Buffer.alloc(0), (socket) => {
      resolve(failsElsewhere(createWebSocketStream(socket)));
    });
  });
}

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
