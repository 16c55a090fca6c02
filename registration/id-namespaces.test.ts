import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import {
  agentId,
  isAgentId,
  requireAgent,
  requireMember,
  requireWorkload,
  serverId,
} from './id-namespaces.ts'
import { RegistrationError } from './registration-error.ts'

const trustDomain = parseTrustDomain('example.org')

function problem(
  require: (id: SpiffeId, domain: typeof trustDomain) => void,
  text: string,
): string {
  try {
    require(parseSpiffeId(text), trustDomain)
  } catch (error) {
    if (error instanceof RegistrationError) return error.message
    throw error
  }
  return 'accepted'
}

test('/spire is reserved, and nothing that only begins like it [EDGE-18]', () => {
  const workload = (path: string): string => problem(requireWorkload, `spiffe://example.org${path}`)
  for (const path of ['/spire', '/spire/server', '/spire/agent/x', '/spire/other'])
    assert.equal(
      workload(path),
      `"spiffe://example.org${path}" is not a workload in trust domain "example.org"; path is in the reserved namespace`,
    )
  for (const path of ['/spirex', '/a/spire', '/Spire']) assert.equal(workload(path), 'accepted')
})

test('a parent may be any ID of the trust domain with a path [EDGE-18]', () => {
  for (const path of ['/spire/server', '/spire/agent/x', '/a'])
    assert.equal(problem(requireMember, `spiffe://example.org${path}`), 'accepted')
  assert.match(problem(requireMember, 'spiffe://example.org'), /path is empty$/)
  assert.match(problem(requireMember, 'spiffe://example.orgx/a'), /is not a member/)
})

test('IDs of another trust domain are nobody of ours', () => {
  for (const require of [requireMember, requireWorkload, requireAgent])
    assert.equal(
      problem(require, 'spiffe://other.test/spire/agent/x'),
      '"spiffe://other.test/spire/agent/x" is not a member of trust domain "example.org"',
    )
})

test('agents are below /spire/agent and nowhere else', () => {
  const id = agentId(trustDomain, 'join_token', 'one')
  assert.equal(id, 'spiffe://example.org/spire/agent/join_token/one')
  assert.equal(isAgentId(id), true)
  assert.equal(problem(requireAgent, id), 'accepted')
  assert.match(problem(requireAgent, 'spiffe://example.org'), /path is empty$/)
  for (const path of ['/spire/agent', '/spire/agents/a', '/spire/server', '/a'])
    assert.match(
      problem(requireAgent, `spiffe://example.org${path}`),
      /path is not in the agent namespace$/,
    )
  assert.throws(() => agentId(trustDomain, 'join_token', 'a/../b'), { code: 'ERR_SPIFFE_ID' })
})

test('the server has one ID', () => {
  assert.equal(serverId(trustDomain), 'spiffe://example.org/spire/server')
})
