/** What Node's parser would not read: why, and the answer for whoever still listens. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Denied, type DeniedReason, deny } from '../denied.ts'
import { type RefusalForm, refusalAnswer } from './answer.ts'
import { flatFields } from './header-fields.ts'

const reasons: Readonly<Record<string, DeniedReason>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_INVALID_METHOD: 'malformed-request',
  ERR_HTTP_REQUEST_TIMEOUT: 'body-incomplete',
}

/** Undefined when the connection merely went away. */
export function deniedFor(error: Error): Denied | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error.message === 'CONNECT') return deny('http-method-not-supported', 'CONNECT')
  if (!code.startsWith('HPE_') && reasons[code] === undefined) return undefined
  // A connection that ends between requests, or in the middle of one, is no message.
  if (code === 'HPE_INVALID_EOF_STATE') return undefined
  return deny(reasons[code] ?? 'malformed-request', code)
}

/** Answers on the bare connection and closes it; nothing more is read from it. */
export function closeWith(socket: Socket, denied: Denied, form: RefusalForm): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { status, fields, body } = refusalAnswer(denied, form)
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  const flat = [...flatFields(fields), 'content-length', String(body.length), 'connection', 'close']
  for (let at = 0; at < flat.length; at += 2) lines.push(`${flat[at]}: ${flat[at + 1]}`)
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]))
}
