/** CRC-32C as LevelDB writes it: masked, little-endian. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

/** Whether the four bytes at an offset are the masked checksum of a part of the file. */
export function hasCrc(file: Buffer, at: number, from: number, to: number): boolean {
  let crc = 0xffffffff
  for (let offset = from; offset < to; offset++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (file[offset] ?? 0)) & 0xff] ?? 0)
  }
  crc = ~crc >>> 0
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
  return file.readUInt32LE(at) === masked
}
