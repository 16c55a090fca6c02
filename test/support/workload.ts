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
const end = await follow()
if (end !== undefined) {
  print(end)
  process.exitCode = 3
}

/** How the stream ended, where it was not we who ended it. */
async function follow(): Promise<object | undefined> {
  try {
    const options = { signal: stop.signal, metadata: { 'workload.spiffe.io': 'true' } }
    for await (const { svids } of client.serverStream('FetchX509SVID', {}, options)) {
      const leaves = svids.map(({ x509Svid }) => readCertificates(x509Svid)[0])
      print({
        at: Date.now(),
        ids: svids.map(({ spiffeId }) => spiffeId),
        serials: leaves.map((leaf) => leaf?.serial),
        notAfter: leaves.map((leaf) => leaf?.notAfter.getTime()),
      })
      if (mode === 'once') break
    }
    return undefined
  } catch (error) {
    return {
      code: error instanceof Failure ? error.code : 'unknown',
      message: error instanceof Error ? error.message : String(error),
    }
  } finally {
    client.close()
  }
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
