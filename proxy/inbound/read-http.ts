/** Third stage on a plain HTTP route: method and path are the call; the body is streamed. */

import type { HttpCall } from '../../policy/call.ts'
import type { Known } from '../denied.ts'
import type { OutgoingBody } from '../http/exchange.ts'
import { forwardedFields } from '../http/forwarded-fields.ts'
import type { BodyStream } from './body-stream.ts'
import type { Routed } from './route.ts'
import type { HttpService } from './service.ts'

export function readHttp(routed: Routed<HttpService>, body: BodyStream): ReadHttp {
  return new ReadHttp(routed, body)
}

/** A request that can be decided on. Exported as a type only: only `readHttp` makes one. */
class ReadHttp {
  readonly #routed: Routed<HttpService>
  readonly #body: BodyStream

  constructor(routed: Routed<HttpService>, body: BodyStream) {
    this.#routed = routed
    this.#body = body
  }

  get routed(): Routed<HttpService> {
    return this.#routed
  }

  get call(): HttpCall {
    const { method, target } = this.#routed.head
    return { kind: 'http', method, path: target.path }
  }

  get known(): Known {
    return {}
  }

  /** The path that is decided on, byte for byte, and the query as it came. */
  get target(): string {
    const { path, query } = this.#routed.head.target
    return path + query
  }

  get fields(): Map<string, readonly string[]> {
    return forwardedFields(this.#routed.head.fields)
  }

  /** The caller's body, asked for when it is to be sent. */
  get body(): OutgoingBody {
    this.#body.begin()
    return { stream: this.#body.stream, bytes: this.#routed.head.bodyBytes }
  }

  /** Nobody has read the body when it is decided on the head. */
  get decidedBody(): undefined {
    return undefined
  }

  get isBodyDone(): boolean {
    return this.#body.stream.readableEnded || this.#routed.head.bodyBytes === 0
  }
}

export type { ReadHttp }
