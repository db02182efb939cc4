import type { ProgressMessage } from '../api/engine/system.ts';
import { isKind, messageOf, systemError } from '../core/errors.ts';
import { errorResponse } from '../http/errors.ts';
import type { ApiExchange } from './routes.ts';

/**
 * Answers with a stream of JSON messages. The status goes out with the first message, so that a failure before
 * it has a status of its own; a later one becomes the stream's last message.
 */
export async function messageStream(
  { response, signal }: ApiExchange,
  work: (write: (message: ProgressMessage) => void) => Promise<void>,
  errorMessage: (error: unknown) => ProgressMessage = plainError,
): Promise<void> {
  let out: ReturnType<typeof response.stream> | undefined;
  const write = (message: ProgressMessage) => {
    out ??= response.stream(200, { 'Content-Type': 'application/json' });
    out.write(`${JSON.stringify(message)}\r\n`);
  };
  try {
    await work(write);
  } catch (error) {
    if (!out || signal.aborted) throw notOurs(error);
    write(errorMessage(error));
  }
  out ??= response.stream(200, { 'Content-Type': 'application/json' });
  out.end();
}

function plainError(error: unknown): ProgressMessage {
  const { message } = errorResponse(error).body;
  return { errorDetail: { message }, error: message };
}

/** A registry wants other credentials, not this daemon: 401 would make docker ask for a password and try again. */
function notOurs(error: unknown): unknown {
  return isKind(error, 'unauthorized') ? systemError(messageOf(error), { cause: error }) : error;
}
