const BLOCK = 512;

/** Extended-header records for the next entry of a tar, in POSIX ustar format: header, records, padding. */
export function paxEntry(records: Uint8Array): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write('PaxHeader');
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(records.length, 124, 12);
  octal(0, 136, 12);
  header.write('x', 156);
  header.write('ustar\x0000', 257, 'latin1');
  // The checksum counts its own field as spaces.
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return Buffer.concat([header, records, Buffer.alloc(-records.length & (BLOCK - 1))]);
}
