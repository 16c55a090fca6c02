/**
 * How the agent knows the server: an X509-SVID for exactly `spiffe://<trust domain>/spire/server`,
 * valid by the bundle the agent holds. OpenSSL and our own validation must both agree.
 *
 * grpc-js makes the connection, so this is the one place where we decide in `checkServerIdentity`:
 * it is not called when OpenSSL found an error, and then the connection is refused anyway.
 */

import { createSecureContext, type PeerCertificate } from 'node:tls'
import { type ChannelCredentials, credentials } from '@grpc/grpc-js'
import type { Clock } from '../../runtime/clock.ts'
import { strictTls } from '../../runtime/grpc/tls-server.ts'
import { type X509Bundle, x509BundleSet } from '../../spiffe/bundle/x509-bundle.ts'
import { writePem } from '../../spiffe/pem.ts'
import { makeSpiffeId } from '../../spiffe/spiffe-id.ts'
import { maxChainCertificates, verifyX509Svid } from '../../spiffe/x509/x509-svid.ts'
import type { AgentSvid } from '../attestation/agent-svid.ts'

export interface ServerTrust {
  readonly bundle: X509Bundle
  /** Who we are; without it the server sees no certificate. */
  readonly identity: AgentSvid | undefined
}

/** Credentials for one channel; they change with the bundle and with the identity. */
export function serverCredentials(trust: ServerTrust, clock: Clock): ChannelCredentials {
  const { bundle, identity } = trust
  const context = createSecureContext({
    ...strictTls,
    ca: bundle.authorities.map(({ der }) => writePem('CERTIFICATE', der)),
    // An authority of a bundle need not be self-signed.
    allowPartialTrustChain: true,
    ...(identity && {
      cert: identity.chain.map((der) => writePem('CERTIFICATE', der)).join(''),
      key: identity.key.export({ format: 'pem', type: 'pkcs8' }),
    }),
  })
  const bundles = x509BundleSet([bundle])
  const server = makeSpiffeId(bundle.trustDomain, '/spire/server')
  return credentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, certificate) => {
      try {
        const { id } = verifyX509Svid(chainOf(certificate), bundles, clock.now())
        return id === server ? undefined : new Error(`expected ${server}, the server is ${id}`)
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error))
      }
    },
  })
}

/** DER of what the server sent, leaf first. Node links each certificate to its issuer, a root to itself. */
function chainOf(leaf: PeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = []
  const seen = new Set<PeerCertificate>()
  for (
    let next: PeerCertificate | undefined = leaf;
    next !== undefined && !seen.has(next) && chain.length < maxChainCertificates;
    next = issuerOf(next)
  ) {
    seen.add(next)
    chain.push(next.raw)
  }
  return chain
}

function issuerOf(certificate: PeerCertificate): PeerCertificate | undefined {
  if (!('issuerCertificate' in certificate)) return undefined
  const { issuerCertificate: issuer } = certificate
  return isCertificate(issuer) ? issuer : undefined
}

function isCertificate(value: unknown): value is PeerCertificate {
  return typeof value === 'object' && value !== null && 'raw' in value && Buffer.isBuffer(value.raw)
}
