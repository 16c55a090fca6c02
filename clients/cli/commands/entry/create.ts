/** `server entry create`: who gets which identity. */

import type { Entry, Entry__Output } from '../../../../proto/gen/spire/api/types/Entry.ts'
import type { FlagValues } from '../../../../runtime/flags.ts'
import { defineCommand, type Io, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { idMessage, selectorMessage } from '../identifiers.ts'
import { readJsonInput } from '../input.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { entryText, statusText } from './print.ts'

const flags = {
  ...serverFlags,
  entryID: { kind: 'string', help: 'ID of the new entry; a random one unless given' },
  parentID: { kind: 'string', help: 'SPIFFE ID of the parent: an agent, a node alias' },
  spiffeID: { kind: 'string', help: 'SPIFFE ID that the workload gets' },
  selector: {
    kind: 'list',
    help: 'Selector, type:value that the workload must have; may be repeated',
  },
  x509SVIDTTL: { kind: 'int', help: 'Lifetime of its X509-SVIDs in seconds' },
  jwtSVIDTTL: { kind: 'int', help: 'Lifetime of its JWT-SVIDs in seconds' },
  federatesWith: { kind: 'list', help: 'Trust domain it may talk to; may be repeated' },
  dns: { kind: 'list', help: 'DNS name in its certificates; may be repeated' },
  node: { kind: 'bool', help: 'The entry is an alias for nodes that have the selectors' },
  admin: { kind: 'bool', help: 'The identity may administer the server' },
  downstream: { kind: 'bool', help: 'The identity is a downstream server' },
  storeSVID: { kind: 'bool', help: 'The SVID goes to a store, not to the Workload API' },
  entryExpiry: { kind: 'int', help: 'When the entry ends, in seconds since 1970' },
  hint: { kind: 'string', help: 'Tells several identities of one workload apart' },
  disableX509SVIDPrefetch: { kind: 'bool', help: 'Sign its X509-SVIDs only on demand' },
  jwtSVIDIncludeJTI: { kind: 'bool', help: 'Give each of its JWT-SVIDs a jti' },
  data: { kind: 'string', help: "JSON file with entries; '-' reads standard input" },
} as const

export const command = defineCommand({
  name: 'server entry create',
  spire: true,
  summary: 'Creates registration entries',
  flags,
  run: async (given, io) => {
    const entries =
      given.data === ''
        ? [entryOf(given)]
        : await entriesOfFile(await readJsonInput(given.data, io))
    const { results } = await atServer(given, io, (api) =>
      api.entries.unary('BatchCreateEntry', { entries }, { signal: io.signal }),
    )
    // What was refused is shown as it was asked for: it is not what the server holds.
    const shownResults = results.map((result, index) => ({
      status: result.status,
      entry: result.status?.code === 0 ? result.entry : asked(entries[index] ?? {}),
    }))
    if (given.output === 'json') io.out(messageJson({ results: shownResults }))
    return report(shownResults, given.output !== 'json', io)
  },
})

/** The schema library is loaded only when there is a file to read. */
async function entriesOfFile(data: unknown): Promise<Entry[]> {
  return (await import('./data.ts')).entriesOfData(data)
}

function report(
  results: readonly {
    status: { code: number; message: string } | null
    entry: Entry__Output | null
  }[],
  print: boolean,
  io: Io,
): number {
  const failed = results.filter(({ status }) => status?.code !== 0)
  if (!print) return failed.length > 0 ? 1 : 0
  for (const { status, entry } of results) if (status?.code === 0 && entry) io.out(entryText(entry))
  for (const { status, entry } of failed)
    io.err(
      `Failed to create the following entry ${statusText(status)}:\n${entry ? entryText(entry) : ''}`,
    )
  if (failed.length > 0) throw new UsageError('failed to create one or more entries')
  return 0
}

function entryOf(given: FlagValues<typeof flags>): Entry {
  if (given.selector.length === 0) throw new UsageError('at least one selector is required')
  if (given.node && given.federatesWith.length > 0)
    throw new UsageError('node entries can not federate')
  if (given.parentID === '' && !given.node)
    throw new UsageError('a parent ID is required if the node flag is not set')
  if (given.spiffeID === '') throw new UsageError('a SPIFFE ID is required')
  if (given.x509SVIDTTL < 0) throw new UsageError('a positive x509-SVID TTL is required')
  if (given.jwtSVIDTTL < 0) throw new UsageError('a positive JWT-SVID TTL is required')
  const spiffeId = idMessage(given.spiffeID)
  const more = given.disableX509SVIDPrefetch || given.jwtSVIDIncludeJTI
  return {
    id: given.entryID,
    spiffeId,
    parentId: given.node
      ? { trustDomain: spiffeId.trustDomain ?? '', path: '/spire/server' }
      : idMessage(given.parentID),
    selectors: given.selector.map(selectorMessage),
    x509SvidTtl: given.x509SVIDTTL,
    jwtSvidTtl: given.jwtSVIDTTL,
    federatesWith: [...given.federatesWith],
    dnsNames: [...given.dns],
    admin: given.admin,
    downstream: given.downstream,
    storeSvid: given.storeSVID,
    expiresAt: String(given.entryExpiry),
    hint: given.hint,
    ...(more
      ? {
          additionalAttributes: {
            disableX509SvidPrefetch: given.disableX509SVIDPrefetch,
            jwtSvidIncludeJti: given.jwtSVIDIncludeJTI,
          },
        }
      : {}),
  }
}

/** The entry of a request with every field set, for printing. */
function asked(entry: Entry): Entry__Output {
  return {
    id: entry.id ?? '',
    spiffeId: { trustDomain: entry.spiffeId?.trustDomain ?? '', path: entry.spiffeId?.path ?? '' },
    parentId: { trustDomain: entry.parentId?.trustDomain ?? '', path: entry.parentId?.path ?? '' },
    selectors: (entry.selectors ?? []).map(({ type = '', value = '' }) => ({ type, value })),
    x509SvidTtl: entry.x509SvidTtl ?? 0,
    jwtSvidTtl: entry.jwtSvidTtl ?? 0,
    federatesWith: entry.federatesWith ?? [],
    dnsNames: entry.dnsNames ?? [],
    admin: entry.admin ?? false,
    downstream: entry.downstream ?? false,
    storeSvid: entry.storeSvid ?? false,
    expiresAt: String(entry.expiresAt ?? 0),
    revisionNumber: '0',
    createdAt: '0',
    hint: entry.hint ?? '',
    ...(entry.additionalAttributes
      ? {
          additionalAttributes: {
            disableX509SvidPrefetch: entry.additionalAttributes.disableX509SvidPrefetch ?? false,
            jwtSvidIncludeJti: entry.additionalAttributes.jwtSvidIncludeJti ?? false,
          },
        }
      : {}),
  }
}
