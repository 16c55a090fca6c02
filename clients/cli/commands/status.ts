/** `status`: what stands on this machine, at a glance. */

import { parseSpiffeId, pathOf } from '../../../spiffe/spiffe-id.ts'
import { readCertificates } from '../../../spiffe/x509/certificate.ts'
import { allPages } from '../../admin-api/pages.ts'
import type { ServerApi } from '../../admin-api/server-api.ts'
import { defineCommand } from '../command.ts'
import { counted, goTime, shown } from '../output.ts'
import { idText } from './identifiers.ts'
import { atServer, serverFlags } from './server-flags.ts'

const pageSize = 500

export const command = defineCommand({
  name: 'status',
  summary: 'Shows the trust domain, its agents, identities and policies',
  flags: serverFlags,
  run: async (given, io) => {
    const found = await atServer(given, io, (api) => overview(api, io.signal))
    if (given.output === 'json') {
      io.out(`${JSON.stringify(found)}\n`)
      return 0
    }
    io.out(`trust domain  ${found.trust_domain}\n`)
    for (const { expires_at } of found.x509_authorities)
      io.out(`authority     until ${goTime(expires_at)}\n`)
    io.out(`agents        ${counted(found.agents.length, 'agent', 'agents')}\n`)
    for (const agent of found.agents)
      io.out(
        `  ${shown(agent.id)}  ${agent.banned ? 'BANNED' : `until ${goTime(agent.expires_at)}`}\n`,
      )
    io.out(`identities    ${counted(found.entries.length, 'entry', 'entries')}\n`)
    for (const { spiffe_id: id, selectors } of found.entries) {
      const policies = found.policies.filter(({ app }) => app === id).map(policyText)
      const guarded = policies.length > 0 ? `  policy ${policies.join(', ')}` : ''
      io.out(`  ${shown(id)}  ${shown(selectors.join(' '))}${guarded}\n`)
    }
    const known = new Set(found.entries.map(({ spiffe_id }) => spiffe_id))
    const strays = found.policies.filter(({ app }) => !known.has(app))
    if (strays.length > 0) io.out('policies of apps without an entry\n')
    for (const policy of strays) io.out(`  ${shown(policy.app)}  policy ${policyText(policy)}\n`)
    if (found.policies.length === 0) io.out('policies      none: every call is denied\n')
    return 0
  },
})

function policyText({ name, revision }: { name: string; revision: string }): string {
  return `${shown(name)} (revision ${revision})`
}

async function overview(api: ServerApi, signal: AbortSignal) {
  const bundle = await api.bundles.unary('GetBundle', {}, { signal })
  const clients = { agents: api.agents, entries: api.entries, policies: api.policies }
  const agents = await allPages(
    (pageToken) => clients.agents.unary('ListAgents', { pageSize, pageToken }, { signal }),
    (page) => page.agents,
  )
  const entries = await allPages(
    (pageToken) => clients.entries.unary('ListEntries', { pageSize, pageToken }, { signal }),
    (page) => page.entries,
  )
  const policies = await allPages(
    (pageToken) => clients.policies.unary('ListPolicies', { pageSize, pageToken }, { signal }),
    (page) => page.policies,
  )
  return {
    trust_domain: bundle.trustDomain,
    x509_authorities: bundle.x509Authorities.flatMap(({ asn1, tainted }) =>
      readCertificates(asn1).map(({ notAfter }) => ({
        expires_at: Math.floor(notAfter.getTime() / 1000),
        tainted,
      })),
    ),
    agents: agents.map((agent) => ({
      id: idText(agent.id),
      banned: agent.banned,
      expires_at: Number(agent.x509svidExpiresAt),
    })),
    entries: entries
      .map((entry) => ({
        id: entry.id,
        spiffe_id: idText(entry.spiffeId),
        selectors: entry.selectors.map(({ type, value }) => `${type}:${value}`),
      }))
      .filter(({ spiffe_id }) => !pathOf(parseSpiffeId(spiffe_id)).startsWith('/spire/'))
      .sort((a, b) => (a.spiffe_id < b.spiffe_id ? -1 : 1)),
    policies: policies.map(({ app, name, revision }) => ({ app, name, revision })),
  }
}
