/** A record as the shim writes it; see `LogRecord`. */
export function logRecord(payload: string, time: number | bigint, stream = 1, withinLine = false): Buffer {
  const bytes = Buffer.from(payload);
  const whole = Buffer.alloc(bytes.length + 20);
  whole[0] = stream;
  whole[1] = withinLine ? 1 : 0;
  whole.writeUInt32BE(bytes.length, 4);
  whole.writeBigUInt64BE(BigInt(time), 8);
  bytes.copy(whole, 16);
  whole.writeUInt32BE(whole.length, whole.length - 4);
  return whole;
}
