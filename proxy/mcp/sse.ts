/**
 * Server-sent events, read whole and written anew: WHATWG HTML, 9.2.6. Line ends of any kind, fields
 * in any order; what comes out is one spelling of the same events.
 */

/** One event; `data` lines are joined by line feeds, and absent when there was none. */
export interface SseEvent {
  readonly data?: string
  readonly event?: string
  readonly id?: string
  readonly retry?: string
}

export class SseReader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #maxLength: number
  #rest = ''
  #event: { data: string[]; event?: string; id?: string; retry?: string; length: number } = {
    data: [],
    length: 0,
  }

  /** `maxLength` bounds one event, in UTF-16 units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** The events that end in this chunk. Throws RangeError for one that is too long, TypeError for bad UTF-8. */
  push(chunk: Uint8Array): SseEvent[] {
    this.#rest += this.#decoder.decode(chunk, { stream: true })
    const events: SseEvent[] = []
    // A carriage return at the end may be the first half of a line end.
    for (let end = this.#lineEnd(); end !== undefined; end = this.#lineEnd()) {
      const line = this.#rest.slice(0, end.at)
      this.#rest = this.#rest.slice(end.at + end.length)
      const event = this.#line(line)
      if (event !== undefined) events.push(event)
    }
    if (this.#event.length + this.#rest.length > this.#maxLength)
      throw new RangeError(`an event of more than ${this.#maxLength} characters`)
    return events
  }

  #lineEnd(): { readonly at: number; readonly length: number } | undefined {
    const at = this.#rest.search(/[\r\n]/)
    if (at === -1) return undefined
    if (this.#rest[at] === '\n') return { at, length: 1 }
    if (at + 1 === this.#rest.length) return undefined
    return { at, length: this.#rest[at + 1] === '\n' ? 2 : 1 }
  }

  #line(line: string): SseEvent | undefined {
    const current = this.#event
    if (line === '') {
      this.#event = { data: [], length: 0 }
      const { data, length, ...fields } = current
      if (length === 0) return undefined
      return data.length === 0 ? fields : { ...fields, data: data.join('\n') }
    }
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    current.length += line.length
    if (name === 'data') current.data.push(value)
    else if (name === 'event') current.event = value
    else if (name === 'id' && !value.includes('\0')) current.id = value
    else if (name === 'retry' && /^\d+$/.test(value)) current.retry = value
    return undefined
  }
}

/** The one way in which an event is written. */
export function writeSseEvent({ event, id, retry, data }: SseEvent): string {
  const lines: string[] = []
  if (event !== undefined) lines.push(`event: ${event}`)
  if (id !== undefined) lines.push(`id: ${id}`)
  if (retry !== undefined) lines.push(`retry: ${retry}`)
  for (const line of data?.split('\n') ?? []) lines.push(`data: ${line}`)
  return `${lines.join('\n')}\n\n`
}
