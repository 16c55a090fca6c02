/**
 * How the agent knows the server: an X509-SVID for exactly `spiffe://<trust domain>/spire/server`,
 * valid by the bundle the agent holds. OpenSSL and our own validation must both agree.
 *
 * grpc-js makes the connection, so this is the one place where we decide in `checkServerIdentity`:
 * it is not called when OpenSSL found an error, and then the connection is refused anyway.
 */

import { createSecureContext } from 'node:tls'
import { type ChannelCredentials, credentials } from '@grpc/grpc-js'
import type { Clock } from '../../runtime/clock.ts'
import { strictTls } from '../../runtime/grpc/tls-server.ts'
import { presentedChain } from '../../runtime/tls/presented-chain.ts'
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
        const chain = presentedChain(certificate, maxChainCertificates)
        const { id } = verifyX509Svid(chain, bundles, clock.now())
        return id === server ? undefined : new Error(`expected ${server}, the server is ${id}`)
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error))
      }
    },
  })
}
