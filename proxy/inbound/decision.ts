/** What the record says of a decision on an inbound call. audit/record.ts has the shape. */

import type { PolicyReference } from '../../audit/record.ts'
import type { MatchedRule } from '../../policy/compile.ts'
import type { Denied } from '../denied.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { Decision } from '../record/bound-decision.ts'
import type { VerifiedPeer } from '../tls/verified-peer.ts'
import type { ReadCall } from './decide.ts'
import type { Dialled } from './dial.ts'
import type { Service } from './service.ts'

/** A call that is about to be made. */
export function decisionToAllow<Read extends ReadCall>(dialled: Dialled<Read>): Decision {
  const { permit, lease } = dialled
  const { call, routed } = permit.read
  const { caller, head, service } = routed
  const { identified } = lease.connection
  const { svid } = identified.identity
  return {
    ...subject(caller.peer, head, service),
    ...(call.kind === 'mcp' ? { mcp: mcpOf(call) } : {}),
    callee: {
      spiffeId: service.app,
      svid: { serial: svid.leaf.serial, issuerKeyId: svid.issuerKeyId },
    },
    upstream: { attest: 'listener', pids: identified.pids },
    policy: referenceTo(permit.rule),
    verdict: 'allow',
    reason: permit.reason,
  }
}

/** A refusal, with whatever was known when it was made. */
export function decisionToDeny(
  denied: Denied,
  peer: VerifiedPeer,
  head: { readonly method: string; readonly path: string } | undefined,
  service: Service,
): Decision {
  return {
    ...party(peer, service),
    ...(head === undefined ? {} : { http: head }),
    ...(denied.mcp === undefined ? {} : { mcp: mcpOf(denied.mcp) }),
    ...(denied.policy === undefined ? {} : { policy: referenceTo(denied.policy) }),
    verdict: 'deny',
    reason: denied.denied,
    ...(denied.detail === '' ? {} : { detail: denied.detail }),
  }
}

type Subject = Pick<
  Decision,
  'direction' | 'caller' | 'callee' | 'route' | 'protocol' | 'http' | 'unverifiedTraceId'
>

function subject(peer: VerifiedPeer, head: RequestHead, service: Service): Subject {
  const { method, target, fields } = head
  const traceId = traceIdOf(fields.get('traceparent')?.[0])
  return {
    ...party(peer, service),
    http: { method, path: target.path },
    ...(traceId === undefined ? {} : { unverifiedTraceId: traceId }),
  }
}

function party(peer: VerifiedPeer, { app, route, protocol }: Service): Subject {
  const { leaf, issuerKeyId } = peer.svid
  return {
    direction: 'inbound',
    caller: { spiffeId: peer.id, svid: { serial: leaf.serial, issuerKeyId } },
    callee: { spiffeId: app },
    route,
    protocol,
  }
}

function mcpOf({ method, tool }: { readonly method: string; readonly tool?: string }): {
  readonly method: string
  readonly tool?: string
} {
  return tool === undefined ? { method } : { method, tool }
}

function referenceTo({ name, revision, digest, rule, line }: MatchedRule): PolicyReference {
  return { kind: 'AccessPolicy', name, revision, sha256: digest, rule, line }
}

/** W3C Trace Context; nobody has checked it. */
function traceIdOf(traceparent: string | undefined): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '')?.[1]
}
