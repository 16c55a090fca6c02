/** Second stage: what the caller addresses. Refuses only what is unreadable or not served at all. */

import { type Denied, deny, isDenied } from '../denied.ts'
import { type ParsedHead, type RequestHead, readHead } from '../http/request-head.ts'
import type { Caller } from './authenticate.ts'
import type { HttpService, McpService, Service } from './service.ts'

/** The checked head of a request to this service. */
export function route(caller: Caller, parsed: ParsedHead, service: Service): RoutedCall | Denied {
  const head = readHead(parsed, service.hosts, service.limits)
  if (isDenied(head)) return head
  if (service.protocol === 'http') return new Routed(caller, head, service)
  const { path, query } = head.target
  if (path !== service.path) return deny('path-unknown', `not ${service.path}`)
  if (query !== '') return deny('path-not-normal', 'the MCP endpoint takes no query')
  return new Routed(caller, head, service)
}

export type RoutedCall = Routed<McpService> | Routed<HttpService>

/** A caller's request to one service, its body not read yet. */
class Routed<S extends Service> {
  readonly #caller: Caller
  readonly #head: RequestHead
  readonly #service: S

  constructor(caller: Caller, head: RequestHead, service: S) {
    this.#caller = caller
    this.#head = head
    this.#service = service
  }

  get caller(): Caller {
    return this.#caller
  }

  get head(): RequestHead {
    return this.#head
  }

  get service(): S {
    return this.#service
  }
}

export function isMcp(routed: RoutedCall): routed is Routed<McpService> {
  return routed.service.protocol === 'mcp'
}

export type { Routed }
