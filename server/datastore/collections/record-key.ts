/**
 * Keys of typed records: text segments, each ended by a NUL byte, so that a key's prefix is a whole
 * number of segments and `entry` never covers `entry-similar`.
 */

/** The key made of these segments; a prefix of every key that starts with them. */
export function recordKey(...segments: readonly string[]): Uint8Array {
  for (const segment of segments) {
    if (segment.includes('\0')) throw new TypeError('a key segment holds no NUL')
  }
  return Buffer.from(segments.map((segment) => `${segment}\0`).join(''), 'utf8')
}

/** The segments that a key was made of. */
export function keySegments(key: Uint8Array): readonly string[] {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength)
    .toString('utf8')
    .split('\0')
    .slice(0, -1)
}

/** A whole number from 0 to 2^48 - 1 as a segment that sorts by its value. */
export function numberSegment(value: number): string {
  return Math.max(value, 0).toString(16).padStart(12, '0')
}

/** An instant as a segment that sorts by time; from 1970 to the year 10889. */
export function timeSegment(at: Date): string {
  return numberSegment(at.getTime())
}
