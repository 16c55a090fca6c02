/**
 * A workload as a process of its own: follows its X509-SVIDs and prints one line of JSON for each
 * state, and for how it ended. Arguments: the socket, and `once` to stop after the first state.
 */

import type { SpiffeWorkloadAPIDefinition } from '../../proto/gen/SpiffeWorkloadAPI.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { readCertificates } from '../../spiffe/x509/certificate.ts'

const [socket = '', mode = 'stream'] = process.argv.slice(2)

const client = new GrpcClient(
  serviceDefinition<SpiffeWorkloadAPIDefinition>('SpiffeWorkloadAPI'),
  unixTarget(socket),
)
const stop = new AbortController()
process.once('SIGTERM', () => {
  stop.abort()
})
try {
  const options = { signal: stop.signal, metadata: { 'workload.spiffe.io': 'true' } }
  for await (const { svids } of client.serverStream('FetchX509SVID', {}, options)) {
    print({
      at: Date.now(),
      ids: svids.map(({ spiffeId }) => spiffeId),
      serials: svids.map(({ x509Svid }) => readCertificates(x509Svid)[0]?.serial),
      notAfter: svids.map(({ x509Svid }) => readCertificates(x509Svid)[0]?.notAfter.getTime()),
    })
    if (mode === 'once') break
  }
} catch (error) {
  print({
    code: error instanceof Failure ? error.code : 'unknown',
    message: error instanceof Error ? error.message : String(error),
  })
  process.exitCode = 3
} finally {
  client.close()
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
