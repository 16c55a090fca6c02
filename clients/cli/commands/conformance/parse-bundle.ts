/** `conformance parse-bundle`: `{id, input}`, is the input a SPIFFE bundle document? */

import { z } from 'zod'
import { parseSpiffeBundle } from '../../../../spiffe/bundle/spiffe-bundle.ts'
import { parseTrustDomain } from '../../../../spiffe/trust-domain.ts'
import { type Accepted, conformanceCommand } from './case-runner.ts'

/** A case. */
export const bundleCase = z.object({
  input: z.string(),
  trustDomain: z.string().default('example.org'),
})

/** Accepts a bundle document and counts its authorities. Throws `SpiffeError`. */
export function judgeBundle({ input, trustDomain }: z.output<typeof bundleCase>): Accepted {
  const bundle = parseSpiffeBundle(parseTrustDomain(trustDomain), Buffer.from(input, 'utf8'))
  return {
    detail: `x509=${bundle.x509Authorities.length} jwt=${bundle.jwtAuthorities.length}`,
  }
}

export const command = conformanceCommand(
  { name: 'parse-bundle', summary: 'Judges SPIFFE bundle documents' },
  bundleCase,
  judgeBundle,
)
