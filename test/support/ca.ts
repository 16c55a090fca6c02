/** A server's CA on a real store in a scratch folder, with a clock that the test moves. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { Deadlines } from '../../runtime/deadlines.ts'
import { silentLogger } from '../../runtime/log.ts'
import type { CaSettings } from '../../server/ca/authority-kinds.ts'
import { defaultCaSubject } from '../../server/ca/ca-certificate.ts'
import { CertificateAuthority } from '../../server/ca/certificate-authority.ts'
import { createSvidIssuer } from '../../server/ca/issue.ts'
import type { SvidIssuer } from '../../server/ca/svid-issuer.ts'
import type { Datastore } from '../../server/datastore/datastore.ts'
import { openLevelDatastore } from '../../server/datastore/level.ts'
import type { KeyManager } from '../../server/key-managers/key-manager.ts'
import { memoryKeyManager } from '../../server/key-managers/memory.ts'
import { parseTrustDomain } from '../../spiffe/trust-domain.ts'
import { FakeClock } from './fake-clock.ts'

export const caSettings: CaSettings = {
  trustDomain: parseTrustDomain('example.org'),
  caTtlSeconds: 60,
  x509KeyType: 'ec-p256',
  jwtKeyType: 'ec-p256',
  subject: defaultCaSubject,
  jwtSvidsDisabled: false,
}

export interface CaUnderTest {
  readonly ca: CertificateAuthority
  readonly issuer: SvidIssuer
  readonly store: Datastore
  readonly clock: FakeClock
  /** Closes the CA and opens another one on the same store, as a restart would. */
  restart(keys: KeyManager, settings?: CaSettings): Promise<CaUnderTest>
}

/** Opens a store that is closed and removed after the test. */
export async function openStore(t: TestContext, clock: FakeClock): Promise<Datastore> {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-ca-'))
  const store = await openLevelDatastore({ path: path.join(folder, 'store') }, clock)
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  return store
}

export async function openCa(
  t: TestContext,
  settings: Partial<CaSettings> = {},
  keys: KeyManager = memoryKeyManager(),
): Promise<CaUnderTest> {
  const clock = new FakeClock()
  return open(t, await openStore(t, clock), clock, { ...caSettings, ...settings }, keys)
}

async function open(
  t: TestContext,
  store: Datastore,
  clock: FakeClock,
  settings: CaSettings,
  keys: KeyManager,
): Promise<CaUnderTest> {
  const deadlines = new Deadlines(clock)
  const deps = { store, keys, clock, deadlines, logger: silentLogger }
  const ca = await CertificateAuthority.open(deps, settings)
  t.after(async () => {
    await ca.close()
    deadlines.close()
  })
  return {
    ca,
    issuer: createSvidIssuer({ ca, store, clock }),
    store,
    clock,
    restart: async (nextKeys, nextSettings = settings) => {
      await ca.close()
      return await open(t, store, clock, nextSettings, nextKeys)
    },
  }
}
