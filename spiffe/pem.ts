// PEM files, RFC 7468 section 3 (strict), read in one pass over the lines.

import { SpiffeError } from './spiffe-error.ts'

/** Largest PEM text that `readPem` takes, in UTF-16 units. */
export const maxPemLength = 64 * 1024

const begin = /^-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----$/
const base64Line = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * The DER of each block, in order. Only blank lines may stand between blocks. With a label
 * (`CERTIFICATE`) any other block is refused. Text without a block gives an empty list. Throws
 * `ERR_PEM`.
 */
export function readPem(text: string, label?: string): Uint8Array[] {
  if (text.length > maxPemLength) throw refuse(`PEM text is longer than ${maxPemLength} characters`)
  const blocks: Uint8Array[] = []
  let open: { label: string; lines: string[] } | undefined
  for (const line of text.split(/\r?\n/)) {
    if (open === undefined) {
      if (line.trim() === '') continue
      open = { label: openingLabel(line, label), lines: [] }
    } else if (line === `-----END ${open.label}-----`) {
      blocks.push(decode(open.lines))
      open = undefined
    } else {
      open.lines.push(line)
    }
  }
  if (open !== undefined) throw refuse(`PEM block ${open.label} has no end line`)
  return blocks
}

/** One block with lines of 64 characters and a newline at the end. */
export function writePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

function openingLabel(line: string, wanted: string | undefined): string {
  const found = begin.exec(line)?.[1]
  if (found === undefined) throw refuse('PEM text has something other than blocks in it')
  if (wanted !== undefined && found !== wanted) {
    throw refuse(`expected a PEM block ${wanted}, found ${found.slice(0, 40)}`)
  }
  return found
}

function decode(lines: readonly string[]): Uint8Array {
  const base64 = lines.join('')
  const last = lines.length - 1
  const isWellFormed = lines.every(
    (line, at) => base64Line.test(line) && (at === last || !line.endsWith('=')),
  )
  const bytes = Buffer.from(base64, 'base64')
  if (last < 0 || !isWellFormed || bytes.toString('base64') !== base64) {
    throw refuse('PEM block is not plain base64')
  }
  return bytes
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_PEM', message)
}
