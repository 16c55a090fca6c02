/** The bundle with which the agent first knows the server: a file that the operator put there. */

import { readFile } from 'node:fs/promises'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { parseSpiffeBundle } from '../../spiffe/bundle/spiffe-bundle.ts'
import { type X509Bundle, x509BundleFromPem } from '../../spiffe/bundle/x509-bundle.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'

export interface BootstrapFile {
  readonly path: string
  readonly format: 'pem' | 'spiffe'
}

const limits = { fileBytes: 1 << 20 } as const

/** @throws {Failure} `invalid-configuration` when the file gives no authority to trust. */
export async function bootstrapBundle(
  { path, format }: BootstrapFile,
  trustDomain: TrustDomain,
): Promise<X509Bundle> {
  const bundle = parse(await content(path), { path, format }, trustDomain)
  if (bundle.authorities.length === 0) throw unusable(path, 'it holds no X.509 authority')
  return bundle
}

async function content(path: string): Promise<Buffer> {
  try {
    const bytes = await readFile(path)
    if (bytes.length <= limits.fileBytes) return bytes
    throw new Error(`it is larger than ${limits.fileBytes} bytes`)
  } catch (error) {
    throw unusable(path, reasonOf(error), error)
  }
}

function parse(
  bytes: Buffer,
  { path, format }: BootstrapFile,
  trustDomain: TrustDomain,
): X509Bundle {
  try {
    if (format === 'pem') return x509BundleFromPem(trustDomain, bytes.toString('latin1'))
    const { x509Authorities } = parseSpiffeBundle(trustDomain, bytes)
    return { trustDomain, authorities: x509Authorities.map(({ certificate }) => certificate) }
  } catch (error) {
    throw unusable(path, reasonOf(error), error)
  }
}

function unusable(path: string, problem: string, cause?: unknown): Failure {
  return new Failure('invalid-configuration', `cannot use the trust bundle ${path}: ${problem}`, {
    cause,
    hint: 'write it with: countersign server bundle show > FILE',
  })
}
