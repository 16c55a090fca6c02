/**
 * `conformance validate-path`: `{id, leaf, intermediates, roots, time}` in PEM, is there a valid
 * RFC 5280 path? A root or intermediate that cannot be read is no candidate; the others still are.
 */

import { z } from 'zod'
import { readPem } from '../../../../spiffe/pem.ts'
import { SpiffeError } from '../../../../spiffe/spiffe-error.ts'
import { type Certificate, parseCertificate } from '../../../../spiffe/x509/certificate.ts'
import { verifyPath } from '../../../../spiffe/x509/verify-path.ts'
import { type Accepted, caseTime, conformanceCommand } from './case-runner.ts'

/** Most PEM texts among roots or intermediates; each is read before the search begins. */
const maxCandidates = 1000

const pemList = z
  .union([z.string(), z.array(z.string())])
  .nullish()
  .transform((texts) => [texts ?? []].flat())

/** A case; suites put comments around their PEM blocks, which are passed over. */
export const pathCase = z.object({
  leaf: z.string(),
  intermediates: pemList,
  roots: pemList,
  time: caseTime,
})

/** Accepts a certificate with a valid path. Throws `SpiffeError`. */
export function judgePath({
  leaf,
  intermediates,
  roots,
  time,
}: z.output<typeof pathCase>): Accepted {
  if (intermediates.length > maxCandidates || roots.length > maxCandidates) {
    throw new SpiffeError('ERR_X509_PATH', `more than ${maxCandidates} roots or intermediates`)
  }
  const [block] = blocksOf(leaf)
  if (block === undefined) throw new SpiffeError('ERR_PEM', 'leaf has no PEM block')
  const path = verifyPath(
    readBlock(block),
    intermediates.flatMap(readable),
    roots.flatMap(readable),
    time,
  )
  return { detail: `path of ${path.length} certificates` }
}

export const command = conformanceCommand(
  { name: 'validate-path', summary: 'Judges certificate paths' },
  pathCase,
  judgePath,
)

function readable(text: string): Certificate[] {
  return blocksOf(text).flatMap((block) => {
    try {
      return [readBlock(block)]
    } catch (error) {
      if (error instanceof SpiffeError) return []
      throw error
    }
  })
}

function blocksOf(text: string): readonly string[] {
  return text
    .split(/^(?=-----BEGIN )/m)
    .filter((part) => part.startsWith('-----BEGIN '))
    .map((part) => part.split(/(?<=^-----END [^\n]*-----$)/m, 1)[0] ?? part)
}

function readBlock(block: string): Certificate {
  const [der, ...others] = readPem(block, 'CERTIFICATE')
  if (der === undefined || others.length > 0) throw new SpiffeError('ERR_PEM', 'not one PEM block')
  return parseCertificate(der)
}
