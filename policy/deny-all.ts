// The policy behind `policy deny-all`: one without rules, which replaces all of an app's policies.
// It denies by saying nothing, so that the next policy that is applied lets its callers in.

import { pathOf, type SpiffeId, trustDomainOf } from '../spiffe/spiffe-id.ts'
import {
  type AccessPolicy,
  POLICY_API_VERSION,
  POLICY_KIND,
  parseAccessPolicies,
} from './access-policy.ts'

const DENY_ALL_NAME = 'deny-all'

/**
 * A policy for `app` that lets nobody in.
 *
 * @throws TypeError when `app` is the ID of a trust domain, which is no app
 */
export function denyAllPolicy(app: SpiffeId): AccessPolicy {
  if (pathOf(app) === '') throw new TypeError(`${app} has no path`)
  const source = [
    `apiVersion: ${POLICY_API_VERSION}`,
    `kind: ${POLICY_KIND}`,
    'metadata:',
    `  name: ${DENY_ALL_NAME}`,
    'spec:',
    `  app: ${app}`,
    '  rules: []',
    '',
  ].join('\n')
  const [policy] = parseAccessPolicies(source, 'deny-all.yaml', trustDomainOf(app))
  if (!policy) throw new TypeError('the deny-all policy is not one document')
  return policy
}
