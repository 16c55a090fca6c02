/** `app create ID`: an App ID for the processes that have these selectors. */

import type { Entry } from '../../../../proto/gen/spire/api/types/Entry.ts'
import { appSpiffeId, defaultNamespace, parseAppId } from '../../../../registration/app-id.ts'
import { reasonOf } from '../../../../runtime/failure.ts'
import type { SpiffeId } from '../../../../spiffe/spiffe-id.ts'
import { parseTrustDomain, type TrustDomain } from '../../../../spiffe/trust-domain.ts'
import type { ServerApi } from '../../../admin-api/server-api.ts'
import { defineCommand, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { entryText, statusText } from '../entry/print.ts'
import { idMessage, idText, selectorMessage } from '../identifiers.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'app create',
  summary: 'Registers an App ID on a node',
  flags: {
    ...serverFlags,
    namespace: {
      kind: 'string',
      help: `Namespace of the App ID; ${defaultNamespace} unless given`,
    },
    node: { kind: 'string', help: 'SPIFFE ID of the agent; the only attested one unless given' },
    selector: {
      kind: 'list',
      help: 'Selector, type:value that the process must have; may be repeated',
    },
    x509SVIDTTL: { kind: 'int', help: 'Lifetime of its X509-SVIDs in seconds' },
  },
  words: ['APP'],
  run: async (given, io, [app = '']) => {
    if (given.selector.length === 0)
      throw new UsageError('expected a selector, got none', {
        hint: `countersign app create ${app} --selector unix:uid:UID`,
      })
    return await atServer(given, io, async (api) => {
      const bundle = await api.bundles.unary('GetBundle', {}, { signal: io.signal })
      const trustDomain: TrustDomain = parseTrustDomain(bundle.trustDomain)
      const parentId = given.node === '' ? await onlyAgent(api, io.signal) : given.node
      const spiffeId = readId(`App ID ${JSON.stringify(app)}`, () =>
        appIdOf(app, given.namespace, trustDomain),
      )
      const entry: Entry = {
        spiffeId: idMessage(spiffeId),
        parentId: readId(`node ${JSON.stringify(parentId)}`, () => idMessage(parentId)),
        selectors: given.selector.map(selectorMessage),
        x509SvidTtl: given.x509SVIDTTL,
      }
      const request = { entries: [entry] }
      const { results } = await api.entries.unary('BatchCreateEntry', request, {
        signal: io.signal,
      })
      const [result] = results
      if (result?.status?.code !== 0)
        throw new UsageError(`cannot create ${app} ${statusText(result?.status ?? null)}`, {
          hint: `countersign server entry show -spiffeID ${spiffeId} shows what there is`,
        })
      if (given.output === 'json') io.out(messageJson(result.entry))
      else if (result.entry) io.out(entryText(result.entry))
      return 0
    })
  },
})

/** `inventory`, `shop/inventory` or a SPIFFE ID; only the first leaves the namespace open. */
function appIdOf(app: string, namespace: string, trustDomain: TrustDomain): SpiffeId {
  if (namespace === '') return parseAppId(app, trustDomain)
  if (/[/:]/.test(app)) throw new UsageError('it names its namespace itself, so --namespace cannot')
  return appSpiffeId(trustDomain, namespace, app)
}

function readId<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new UsageError(`invalid ${what}: ${reasonOf(cause)}`, { cause })
  }
}

async function onlyAgent(api: ServerApi, signal: AbortSignal): Promise<string> {
  const request = { filter: { byBanned: { value: false } }, pageSize: 2 }
  const { agents } = await api.agents.unary('ListAgents', request, { signal })
  const [agent, another] = agents
  if (agent === undefined)
    throw new UsageError('no agent is attested yet', {
      hint: 'countersign server token generate, then countersign agent run --join-token TOKEN',
    })
  if (another !== undefined)
    throw new UsageError('more than one agent is attested, so the node must be named', {
      hint: 'countersign app create APP --node SPIFFE-ID; countersign server agent list shows them',
    })
  return idText(agent.id)
}
