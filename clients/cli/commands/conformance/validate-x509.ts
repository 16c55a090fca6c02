/** `conformance validate-x509`: `{id, chain, bundles, time}`, is the chain a valid X509-SVID? */

import { z } from 'zod'
import { x509BundleFromPem, x509BundleSet } from '../../../../spiffe/bundle/x509-bundle.ts'
import { readPem } from '../../../../spiffe/pem.ts'
import { parseTrustDomain } from '../../../../spiffe/trust-domain.ts'
import { verifyX509Svid } from '../../../../spiffe/x509/x509-svid.ts'
import { type Accepted, caseTime, conformanceCommand } from './case-runner.ts'

/** A case: PEM certificates leaf first, PEM bundles by trust domain. */
export const svidCase = z.object({
  chain: z.array(z.string()),
  bundles: z.record(z.string(), z.string()),
  time: caseTime,
})

/** Accepts a valid X509-SVID. Throws `SpiffeError`. */
export function judgeSvid({ chain, bundles, time }: z.output<typeof svidCase>): Accepted {
  const source = x509BundleSet(
    Object.entries(bundles).map(([name, pem]) => x509BundleFromPem(parseTrustDomain(name), pem)),
  )
  const ders = chain.flatMap((pem) => readPem(pem, 'CERTIFICATE'))
  const { id, path } = verifyX509Svid(ders, source, time)
  return { spiffeId: id, detail: `path of ${path.length} certificates` }
}

export const command = conformanceCommand(
  { name: 'validate-x509', summary: 'Judges X509-SVID chains' },
  svidCase,
  judgeSvid,
)
