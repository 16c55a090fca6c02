/** `agent api fetch x509`: what the Workload API gives to this very process. */

import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { SpiffeWorkloadAPIDefinition } from '../../../../proto/gen/SpiffeWorkloadAPI.ts'
import type { X509SVID__Output } from '../../../../proto/gen/X509SVID.ts'
import type { X509SVIDResponse__Output } from '../../../../proto/gen/X509SVIDResponse.ts'
import { formatDurationMs } from '../../../../runtime/duration.ts'
import { Failure } from '../../../../runtime/failure.ts'
import { hasCode } from '../../../../runtime/files.ts'
import { writePem } from '../../../../spiffe/pem.ts'
import { type Certificate, readCertificates } from '../../../../spiffe/x509/certificate.ts'
import { withServices } from '../../../admin-api/services.ts'
import { socketFlags, socketPathOf } from '../../../admin-api/socket.ts'
import { defineCommand, errorText, type Io, UsageError } from '../../command.ts'
import { counted, goTime, messageJson, outputFlag } from '../../output.ts'

export const command = defineCommand({
  name: 'agent api fetch x509',
  spire: true,
  summary: 'Fetches X509 SVIDs from the Workload API',
  errorPrefix: '',
  flags: {
    ...socketFlags('agent'),
    output: outputFlag,
    silent: { kind: 'bool', help: 'Print nothing' },
    timeout: { kind: 'duration', help: 'Time to wait for an answer', default: '5s' },
    write: { kind: 'string', help: 'Directory to write certificates and keys to' },
  },
  run: async (given, io) => {
    const started = performance.now()
    const socketPath = socketPathOf('agent', given, io.env)
    const response = await fetchOnce(socketPath, given.timeout, io)
    const took = formatDurationMs(performance.now() - started)
    if (given.output === 'json') io.out(messageJson(response))
    else if (!given.silent) {
      io.out(`Received ${counted(response.svids.length, 'svid', 'svids')} after ${took}\n\n`)
      for (const svid of response.svids) io.out(`${svidText(svid, response.federatedBundles)}\n`)
    }
    if (given.write !== '' && given.output !== 'json')
      await write(response, given.write, given.silent, io)
    return 0
  },
})

async function fetchOnce(
  socketPath: string,
  timeoutMs: number,
  io: Io,
): Promise<X509SVIDResponse__Output> {
  const late = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)))
  const signal = AbortSignal.any([io.signal, late])
  const metadata = { 'workload.spiffe.io': 'true' }
  return await withServices('agent', socketPath, async (open) => {
    const workloadApi = open<SpiffeWorkloadAPIDefinition>('SpiffeWorkloadAPI')
    try {
      const responses = workloadApi.serverStream('FetchX509SVID', {}, { signal, metadata })
      for await (const response of responses) return response
      throw new UsageError('the Workload API closed the stream without an answer')
    } catch (error) {
      if (late.aborted)
        throw new UsageError('rpc error: code = DeadlineExceeded desc = context deadline exceeded')
      if (error instanceof Failure && error.code === 'permission-denied')
        throw new UsageError(errorText(error), { cause: error, hint: noIdentityHint() })
      throw error
    }
  })
}

function noIdentityHint(): string {
  const uid = process.geteuid?.() ?? 'UID'
  return `no entry fits this process; such as: countersign app create APP --selector unix:uid:${uid}`
}

type Bundles = X509SVIDResponse__Output['federatedBundles']

function svidText(svid: X509SVID__Output, federated: Bundles): string {
  const [leaf, ...intermediates] = readCertificates(svid.x509Svid)
  const own = readCertificates(svid.bundle)
  return [
    `SPIFFE ID:\t\t${svid.spiffeId}\n`,
    svid.hint === '' ? '' : `Hint:\t\t\t${svid.hint}\n`,
    leaf === undefined ? '' : validity('SVID', leaf),
    ...intermediates.map((certificate, n) => validity(`Intermediate #${n + 1}`, certificate)),
    ...own.map((certificate, n) => validity(`CA #${n + 1}`, certificate)),
    ...sorted(federated).flatMap(([name, bundle]) =>
      readCertificates(bundle).map((certificate, n) =>
        validity(`[${name}] CA #${n + 1}`, certificate),
      ),
    ),
  ].join('')
}

function validity(label: string, { notBefore, notAfter }: Certificate): string {
  const time = (at: Date): string => goTime(at.getTime() / 1000)
  return `${label} Valid After:\t${time(notBefore)}\n${label} Valid Until:\t${time(notAfter)}\n`
}

async function write(
  { svids, federatedBundles }: X509SVIDResponse__Output,
  folder: string,
  silent: boolean,
  io: Io,
): Promise<void> {
  const put = async (what: string, name: string, pem: string, mode: number): Promise<void> => {
    const file = path.join(folder, name)
    if (!silent) io.out(`Writing ${what} to file ${file}.\n`)
    try {
      await writeFile(file, pem, { mode })
      await chmod(file, mode)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) throw new UsageError(`open ${file}: no such file or directory`)
      throw error
    }
  }
  const chainPem = (der: Uint8Array): string =>
    readCertificates(der)
      .map((certificate) => writePem('CERTIFICATE', certificate.der))
      .join('')
  for (const [n, svid] of svids.entries()) {
    await put(`SVID #${n}`, `svid.${n}.pem`, chainPem(svid.x509Svid), 0o644)
    await put(`key #${n}`, `svid.${n}.key`, writePem('PRIVATE KEY', svid.x509SvidKey), 0o600)
    await put(`bundle #${n}`, `bundle.${n}.pem`, chainPem(svid.bundle), 0o644)
    for (const [m, [name, bundle]] of sorted(federatedBundles).entries())
      await put(
        `federated bundle #${m} for trust domain ${name}`,
        `federated_bundle.${n}.${m}.pem`,
        chainPem(bundle),
        0o644,
      )
  }
}

function sorted(bundles: Bundles): [string, Buffer][] {
  return Object.entries(bundles).sort(([a], [b]) => (a < b ? -1 : 1))
}
