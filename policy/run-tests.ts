// Runs the inline tests of an app's policies. A test says what is true once the policies are in
// force, so it is judged by all policies of the app together: an apply that would make any of them
// fail is refused, whichever policy it changes.

import type { AccessPolicy } from './access-policy.ts'
import { compilePolicies, type PolicyDecision } from './compile.ts'
import { decide } from './decide.ts'
import type { PolicyTest } from './rule.ts'

/** A test that came out other than it says. */
export interface TestFailure {
  /** Name of the policy that holds the test. */
  readonly policy: string
  /** Position in `spec.tests`, from 0. */
  readonly index: number
  /** The test; its line counts from the beginning of the policy's source. */
  readonly test: PolicyTest
  readonly decision: PolicyDecision
}

/** What came of all tests. */
export interface TestRun {
  readonly passed: number
  readonly failures: readonly TestFailure[]
}

/**
 * Runs every test of `policies`, which are all that would be in force for one app.
 *
 * @throws TypeError when they are of several apps or two have the same name
 */
export function runPolicyTests(policies: readonly AccessPolicy[]): TestRun {
  const compiled = compilePolicies(
    policies.map((policy) => ({ policy, revision: '0', digest: '' })),
  )
  const results = policies.flatMap((policy) =>
    policy.tests.map((test, index) => {
      const decision = decide(compiled, test.caller, test.call)
      return { policy: policy.name, index, test, decision }
    }),
  )
  const failures = results.filter(({ test, decision }) => decision.verdict !== test.expect)
  return { passed: results.length - failures.length, failures }
}
