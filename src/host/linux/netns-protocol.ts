/** The daemon's side of native/netns/protocol.h. */

/** Bytes of a request's frame after its length; the helper ends at a longer one. */
export const MAX_REQUEST = 65_536;

export const OPERATIONS = { open: 'O', flush: 'F', lines: 'L', remove: 'R' } as const;

/** Bytes of the length, and of a reply's id and errno. */
const LENGTH = 4;
const REPLY_HEAD = 8;

/** @param fields texts without a zero byte. */
export function encodeRequest(
  id: number,
  operation: keyof typeof OPERATIONS,
  fields: readonly (string | number)[],
): Buffer {
  const body = Buffer.from(`${OPERATIONS[operation]}${fields.map((field) => `${field}\0`).join('')}`);
  const head = Buffer.alloc(2 * LENGTH);
  head.writeUInt32BE(LENGTH + body.length);
  head.writeUInt32BE(id, LENGTH);
  return Buffer.concat([head, body]);
}

export interface Reply {
  readonly id: number;
  /** As in `os.constants.errno`; 0 after success. */
  readonly errno: number;
  readonly text: string;
}

/** Takes whole replies out of bytes that arrive in any pieces. */
export class ReplyReader {
  #pending: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): Reply[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const replies: Reply[] = [];
    for (;;) {
      const bytes = this.#pending;
      if (bytes.length < LENGTH) return replies;
      const end = LENGTH + Math.max(bytes.readUInt32BE(0), REPLY_HEAD);
      if (bytes.length < end) return replies;
      replies.push({
        id: bytes.readUInt32BE(LENGTH),
        errno: bytes.readUInt32BE(2 * LENGTH),
        text: bytes.toString('utf8', LENGTH + REPLY_HEAD, end),
      });
      this.#pending = bytes.subarray(end);
    }
  }
}
