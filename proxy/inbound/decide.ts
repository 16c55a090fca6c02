/** Fourth stage: policy says whether this caller may make this call. */

import type { CompiledPolicy, MatchedRule } from '../../policy/compile.ts'
import { decide as decideByPolicy } from '../../policy/decide.ts'
import { type Denied, deny } from '../denied.ts'
import type { ReadHttp } from './read-http.ts'
import type { ReadMcp } from './read-mcp.ts'

export type ReadCall = ReadMcp | ReadHttp

/** MCP methods that are carried; whatever else a policy allows waits until it can be judged. */
const carriedMethods: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'notifications/initialized',
  'notifications/cancelled',
  'tools/list',
  'tools/call',
])

export function decide<Read extends ReadCall>(
  read: Read,
  policy: CompiledPolicy,
): Permit<Read> | Denied {
  const { call, known, routed } = read
  const decision = decideByPolicy(policy, routed.caller.id, call)
  if (decision.verdict === 'deny') {
    const rule = decision.policy === undefined ? {} : { policy: decision.policy }
    return deny(decision.reason, '', { ...known, ...rule })
  }
  if (call.kind === 'mcp' && !carriedMethods.has(call.method))
    return deny('mcp-method-not-supported', call.method, known)
  return new Permit(read, decision.reason, decision.policy)
}

/** Leave to make one call, once an upstream stands and the decision is recorded. */
class Permit<Read extends ReadCall> {
  readonly #read: Read
  readonly #reason: string
  readonly #rule: MatchedRule

  constructor(read: Read, reason: string, rule: MatchedRule) {
    this.#read = read
    this.#reason = reason
    this.#rule = rule
  }

  get read(): Read {
    return this.#read
  }

  get reason(): string {
    return this.#reason
  }

  get rule(): MatchedRule {
    return this.#rule
  }
}

export type { Permit }
