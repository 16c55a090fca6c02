/**
 * The inbound data path, all of it, in order:
 *
 *   authenticate -> route -> read -> decide -> dial -> record -> forward -> answer -> outcome
 *
 * Each stage takes what only the stage before it can make, so a skipped stage does not compile:
 * `forward` takes a Recorded, only `record` makes one, from a Dialled, from a Permit that only
 * `decide` makes, from a call that only a reader makes, from a Routed request of a Caller. The first
 * stage, TLS and the peer's SVID, is listener.ts. Whatever goes wrong is a denial, with a decision
 * id and a record.
 */

import { Cut } from '../cut.ts'
import { type Denied, deny, isDenied } from '../denied.ts'
import { only } from '../http/header-fields.ts'
import { authenticate } from './authenticate.ts'
import { carry } from './carry.ts'
import { decide } from './decide.ts'
import type { InboundDeps, InboundRequest } from './deps.ts'
import { dial } from './dial.ts'
import { readHttp } from './read-http.ts'
import { readMcp } from './read-mcp.ts'
import { record } from './record.ts'
import { refuse } from './refuse.ts'
import { isMcp, route } from './route.ts'

/** Never rejects: whatever happens, the caller gets an answer or is cut. */
export async function handleInbound(inbound: InboundRequest, deps: InboundDeps): Promise<void> {
  const { response, service } = inbound
  const cutting = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) cutting.abort(new Cut('caller-gone'))
  })
  const denied = await serve(inbound, deps, cutting).catch((err: unknown) => {
    deps.log.error({ err, route: service.route }, 'A stage failed')
    return deny('internal', 'a stage failed')
  })
  if (denied !== undefined) await refuse(denied, inbound, deps)
}

async function serve(
  inbound: InboundRequest,
  deps: InboundDeps,
  cutting: AbortController,
): Promise<Denied | undefined> {
  const { peer, request, response, service } = inbound

  const caller = authenticate(peer, deps.clock.now())
  if (isDenied(caller)) return caller

  const routed = route(caller, request, service)
  if (isDenied(routed)) return routed

  const begin = (): void => {
    if (only(routed.head.fields, 'expect') !== undefined) response.writeContinue()
  }
  const read = isMcp(routed)
    ? await readMcp(routed, { stream: request, begin })
    : readHttp(routed, { stream: request, begin })
  if (isDenied(read)) return read

  const permit = decide(read, deps.policies.of(service.app))
  if (isDenied(permit)) return permit

  const dialled = await dial(permit, cutting.signal)
  if (isDenied(dialled)) return dialled

  const recorded = await record(dialled, deps.journal)
  if (isDenied(recorded)) return recorded

  return await carry(recorded, response, deps, cutting)
}
