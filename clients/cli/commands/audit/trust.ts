/** Where `audit verify` takes its trust from: a bundle or the history of bundles, by file. */

import {
  constantTrust,
  parseBundleHistory,
  publishedTrust,
  type TrustHistory,
} from '../../../../audit/trust-history.ts'
import { reasonOf } from '../../../../runtime/failure.ts'
import type { FlagSpec } from '../../../../runtime/flags.ts'
import { parseSpiffeBundle } from '../../../../spiffe/bundle/spiffe-bundle.ts'
import { x509BundleSet } from '../../../../spiffe/bundle/x509-bundle.ts'
import { readPem } from '../../../../spiffe/pem.ts'
import { parseSpiffeId, trustDomainOf } from '../../../../spiffe/spiffe-id.ts'
import { parseTrustDomain, type TrustDomain } from '../../../../spiffe/trust-domain.ts'
import { type Certificate, parseCertificate } from '../../../../spiffe/x509/certificate.ts'
import { type Io, UsageError } from '../../command.ts'
import { readInput } from '../input.ts'

export const trustFlags = {
  bundle: { kind: 'string', help: 'Trust bundle, PEM or SPIFFE JSON, as `bundle show` prints it' },
  history: { kind: 'string', help: 'Exported bundle history, JSON lines' },
  trustDomain: {
    kind: 'string',
    help: 'Trust domain of the bundle, where its certificates do not name it',
  },
} as const satisfies Record<string, FlagSpec>

interface TrustValues {
  readonly bundle: string
  readonly history: string
  readonly trustDomain: string
}

/** @throws {UsageError} unless exactly one source is named, and it is well-formed. */
export async function readTrust(values: TrustValues, io: Io): Promise<TrustHistory> {
  const { bundle, history, trustDomain } = values
  if ((bundle === '') === (history === ''))
    throw new UsageError('trust comes from one of -bundle FILE and -history FILE')
  if (history !== '') {
    const text = await readInput(history, io)
    return readAs(history, () => publishedTrust(parseBundleHistory(text)))
  }
  const text = await readInput(bundle, io)
  const authorities = readAs(bundle, () => readAuthorities(text))
  const owner =
    trustDomain === '' ? namedTrustDomain(authorities, bundle) : parseTrustDomain(trustDomain)
  return constantTrust(x509BundleSet([{ trustDomain: owner, authorities }]))
}

function readAs<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new UsageError(`${file}: ${reasonOf(cause)}`, { cause })
  }
}

function readAuthorities(text: string): Certificate[] {
  if (!text.trimStart().startsWith('{')) return readPem(text, 'CERTIFICATE').map(parseCertificate)
  // The document does not name its trust domain, and nothing in it is read for one.
  const { x509Authorities } = parseSpiffeBundle(parseTrustDomain('any'), Buffer.from(text))
  return x509Authorities.map(({ certificate }) => certificate)
}

/** The one trust domain that the authorities' own SPIFFE IDs name. */
function namedTrustDomain(authorities: readonly Certificate[], file: string): TrustDomain {
  const named = new Set(
    authorities
      .flatMap(({ extensions }) => extensions.subjectAltNames ?? [])
      .flatMap((name) => (name.form === 'uri' ? [name.text] : []))
      .map((uri) => trustDomainOf(parseSpiffeId(uri))),
  )
  const [only, ...others] = named
  if (only !== undefined && others.length === 0) return only
  const found = named.size === 0 ? 'none' : [...named].join(', ')
  throw new UsageError(`-trustDomain is required: the certificates of ${file} name ${found}`)
}
