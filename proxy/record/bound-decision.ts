/** Bounds everything in a decision that comes from outside, before it is recorded. */

import { boundText, textLimits } from '../../audit/bounded-text.ts'
import { listLimits } from '../../audit/read-record.ts'
import type { DecisionFields, UpstreamAttestation } from '../../audit/record.ts'

/** What the caller of the journal says about a decision; the journal adds the id. */
export type Decision = Omit<DecisionFields, 'kind' | 'decisionId'>

export function boundDecision(decision: Decision): Decision {
  const { http, mcp, detail, localPeer, upstream, route } = decision
  return {
    ...decision,
    route: boundText(route, textLimits.route),
    ...(detail === undefined ? {} : { detail: boundText(detail, textLimits.detail) }),
    ...(http === undefined ? {} : { http: boundHttp(http) }),
    ...(mcp === undefined ? {} : { mcp: boundMcp(mcp) }),
    ...(localPeer === undefined ? {} : { localPeer: boundPeer(localPeer) }),
    ...(upstream === undefined ? {} : { upstream: boundUpstream(upstream) }),
  }
}

function boundHttp(http: NonNullable<Decision['http']>): NonNullable<Decision['http']> {
  return {
    method: boundText(http.method, textLimits.method),
    path: boundText(http.path, textLimits.path),
  }
}

function boundMcp(mcp: NonNullable<Decision['mcp']>): NonNullable<Decision['mcp']> {
  const method = boundText(mcp.method, textLimits.method)
  return mcp.tool === undefined
    ? { method }
    : { method, tool: boundText(mcp.tool, textLimits.tool) }
}

type LocalPeer = NonNullable<Decision['localPeer']>

function boundPeer({ via, pids }: LocalPeer): LocalPeer {
  return { via, pids: boundPids(pids) }
}

function boundPids(pids: readonly number[]): readonly number[] {
  return pids.slice(0, listLimits.pids)
}

function boundUpstream(upstream: UpstreamAttestation): UpstreamAttestation {
  switch (upstream.attest) {
    case 'none':
      return { attest: 'none', reason: boundText(upstream.reason, textLimits.detail) }
    case 'tls':
      return { attest: 'tls', serverName: boundText(upstream.serverName, textLimits.name) }
    case 'listener':
      return { attest: 'listener', pids: boundPids(upstream.pids) }
    case 'svid':
      return upstream
  }
}
