/** The agent's end of a watch stream in a test: what it has been told, and how the stream ended. */

import type { WatchRequest } from '../../proto/gen/countersign/server/watch/v1/WatchRequest.ts'
import type { WatchResponse__Output } from '../../proto/gen/countersign/server/watch/v1/WatchResponse.ts'
import { type Clients, testSignal } from './test-server.ts'

export class Watched {
  readonly messages: WatchResponse__Output[] = []
  /** Settles when the server ends the stream: with its Failure, or undefined. */
  readonly ended: Promise<unknown>
  readonly acknowledge: (request: WatchRequest) => void
  readonly #cancel = new AbortController()
  #wake: (() => void) | undefined

  constructor(clients: Clients, opening: WatchRequest = {}) {
    const signal = AbortSignal.any([testSignal, this.#cancel.signal])
    const call = clients.watch.bidi('Watch', { signal })
    call.send(opening)
    this.acknowledge = (request) => {
      call.send(request)
    }
    this.ended = this.#read(call.messages)
  }

  /** The first message, from the given one on, for which this holds. */
  async until(
    holds: (message: WatchResponse__Output) => boolean,
    from = 0,
  ): Promise<WatchResponse__Output> {
    for (;;) {
      const found = this.messages.slice(from).find(holds)
      if (found !== undefined) return found
      const ended = await Promise.race([this.#next(), this.ended.then((reason) => ({ reason }))])
      if (ended !== undefined && !this.messages.slice(from).some(holds))
        throw new Error(`the stream ended: ${String(ended.reason)}`)
    }
  }

  close(): void {
    this.#cancel.abort()
  }

  async #read(messages: AsyncIterable<WatchResponse__Output>): Promise<unknown> {
    try {
      for await (const message of messages) {
        this.messages.push(message)
        this.#wake?.()
      }
      return undefined
    } catch (error) {
      return error
    }
  }

  async #next(): Promise<undefined> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}
