/** `server agent list`: attested agents, by filters. */

import type { FlagValues } from '../../../../runtime/flags.ts'
import { allPages } from '../../../admin-api/pages.ts'
import { defineCommand, errorText, UsageError } from '../../command.ts'
import { counted, messageJson } from '../../output.ts'
import { selectorMessage } from '../identifiers.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { agentText } from './print.ts'

const pageSize = 1000

const flags = {
  ...serverFlags,
  attestationType: { kind: 'string', help: 'The attestor that attested the agents' },
  banned: { kind: 'string', help: 'True or false: only agents that are, or are not, banned' },
  canReattest: { kind: 'string', help: 'True or false: only agents that can, or cannot' },
  expiresBefore: {
    kind: 'string',
    help: 'Only agents whose SVID ends before this (2006-01-02 15:04:05 -0700 -07)',
  },
  matchSelectorsOn: {
    kind: 'string',
    help: 'How to match: exact, any, superset or subset',
    default: 'superset',
  },
  selector: { kind: 'list', help: 'Selector, type:value of the agents; may be repeated' },
} as const

const matches: Readonly<Record<string, MatchName>> = {
  exact: 'MATCH_EXACT',
  any: 'MATCH_ANY',
  superset: 'MATCH_SUPERSET',
  subset: 'MATCH_SUBSET',
}

type MatchName = 'MATCH_EXACT' | 'MATCH_ANY' | 'MATCH_SUPERSET' | 'MATCH_SUBSET'

export const command = defineCommand({
  name: 'server agent list',
  spire: true,
  summary: 'Lists attested agents and their SPIFFE IDs',
  flags,
  run: async (given, io) => {
    const filter = filterOf(given)
    const agents = await atServer(given, io, (api) => {
      const client = api.agents
      return allPages(
        (pageToken) =>
          client.unary('ListAgents', { filter, pageSize, pageToken }, { signal: io.signal }),
        (page) => page.agents,
      )
    })
    if (given.output === 'json') {
      io.out(messageJson({ agents, nextPageToken: '' }))
      return 0
    }
    if (agents.length === 0) io.out('No attested agents found\n')
    else io.out(`Found ${counted(agents.length, 'attested agent', 'attested agents')}:\n\n`)
    for (const agent of agents) io.out(agentText(agent))
    return 0
  },
})

function filterOf(given: FlagValues<typeof flags>) {
  return {
    byAttestationType: given.attestationType,
    ...(given.selector.length === 0
      ? {}
      : {
          bySelectorMatch: {
            selectors: given.selector.map(selectorOf),
            match: matchOf(given.matchSelectorsOn),
          },
        }),
    ...truth('byBanned', given.banned),
    ...truth('byCanReattest', given.canReattest),
    ...(given.expiresBefore === '' ? {} : { byExpiresBefore: instantOf(given.expiresBefore) }),
  }
}

/** Anything but true and false asks for no filter, as in SPIRE's command. */
function truth<Name extends string>(
  name: Name,
  text: string,
): { [N in Name]?: { value: boolean } } {
  if (!/^(?:true|false)$/i.test(text)) return {}
  const filter: { [N in Name]?: { value: boolean } } = {}
  filter[name] = { value: text.toLowerCase() === 'true' }
  return filter
}

function selectorOf(text: string): ReturnType<typeof selectorMessage> {
  try {
    return selectorMessage(text)
  } catch (error) {
    throw new UsageError(`error parsing selector "${text}": ${errorText(error)}`)
  }
}

function matchOf(text: string): MatchName {
  const match = Object.hasOwn(matches, text) ? matches[text] : undefined
  if (match === undefined) throw new UsageError('unsupported match behavior')
  return match
}

/** RFC 3339 for the server, from the form that Go calls `2006-01-02 15:04:05 -0700 -07`. */
function instantOf(text: string): string {
  const layout = '2006-01-02 15:04:05 -0700 -07'
  const found = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2}) [+-]\d{2}$/.exec(text)
  const instant = found ? new Date(`${found[1]}T${found[2]}${found[3]}:${found[4]}`) : undefined
  if (instant === undefined || Number.isNaN(instant.getTime()))
    throw new UsageError(
      `date is not valid: parsing time "${text}" as "${layout}": cannot parse "${text}" as "2006"`,
    )
  return text
}
