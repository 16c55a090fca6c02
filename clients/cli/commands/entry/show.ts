/** `server entry show`: registration entries by ID or by filters. */

import type { Entry__Output } from '../../../../proto/gen/spire/api/types/Entry.ts'
import type { FlagValues } from '../../../../runtime/flags.ts'
import { allPages } from '../../../admin-api/pages.ts'
import type { ServerApi } from '../../../admin-api/server-api.ts'
import { defineCommand, errorText, type Io, UsageError } from '../../command.ts'
import { counted, messageJson } from '../../output.ts'
import { idMessage, selectorMessage } from '../identifiers.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { entryText } from './print.ts'

const matchHelp = 'How to match: exact, any, superset or subset'
const pageSize = 500

const flags = {
  ...serverFlags,
  entryID: { kind: 'string', help: 'ID of one entry' },
  parentID: { kind: 'string', help: 'Parent ID of the entries' },
  spiffeID: { kind: 'string', help: 'SPIFFE ID of the entries' },
  downstream: { kind: 'bool', help: 'Only entries of downstream servers' },
  selector: { kind: 'list', help: 'Selector, type:value of the entries; may be repeated' },
  federatesWith: { kind: 'list', help: 'Trust domain of the entries; may be repeated' },
  matchSelectorsOn: { kind: 'string', help: matchHelp, default: 'superset' },
  matchFederatesWithOn: { kind: 'string', help: matchHelp, default: 'superset' },
  hint: { kind: 'string', help: 'Hint of the entries' },
} as const

type Given = FlagValues<typeof flags>

const matches = {
  exact: 'MATCH_EXACT',
  any: 'MATCH_ANY',
  superset: 'MATCH_SUPERSET',
  subset: 'MATCH_SUBSET',
} as const

export const command = defineCommand({
  name: 'server entry show',
  spire: true,
  summary: 'Displays configured registration entries',
  flags,
  run: async (given, io) => {
    const entries = inOrder(await found(given, io))
    if (given.output === 'json') {
      io.out(messageJson({ entries, nextPageToken: '' }))
      return 0
    }
    io.out(`Found ${counted(entries.length, 'entry', 'entries')}\n`)
    for (const entry of entries) io.out(entryText(entry))
    return 0
  },
})

async function found(given: Given, io: Io): Promise<Entry__Output[]> {
  const id = given.entryID
  if (id !== '' && isFiltered(given))
    throw new UsageError("the -entryID flag can't be combined with others")
  const filter = filterOf(given)
  try {
    return await atServer(given, io, async (api) =>
      id === ''
        ? await listed(api, filter, io.signal)
        : [await api.entries.unary('GetEntry', { id }, { signal: io.signal })],
    )
  } catch (error) {
    const what = id === '' ? 'entries' : `entry ID ${id}`
    throw new UsageError(`error fetching ${what}: ${errorText(error)}`, { cause: error })
  }
}

function isFiltered(given: Given): boolean {
  const texts = [given.parentID, given.spiffeID, given.hint]
  const lists = [given.selector, given.federatesWith]
  return (
    given.downstream || texts.some((text) => text !== '') || lists.some(({ length }) => length > 0)
  )
}

async function listed(
  api: ServerApi,
  filter: ReturnType<typeof filterOf>,
  signal: AbortSignal,
): Promise<Entry__Output[]> {
  const client = api.entries
  return await allPages(
    (pageToken) => client.unary('ListEntries', { filter, pageSize, pageToken }, { signal }),
    (page) => page.entries,
  )
}

/** By SPIFFE ID, then parent ID, then ID, and each with its selectors in order, as SPIRE shows them. */
function inOrder(entries: readonly Entry__Output[]): Entry__Output[] {
  const keyOf = (entry: Entry__Output): string =>
    [entry.spiffeId?.trustDomain, entry.spiffeId?.path, entry.parentId?.path, entry.id].join('\0')
  const textOf = ({ type, value }: { type: string; value: string }): string => `${type}\0${value}`
  const shownAs = entries.map((entry) => ({
    ...entry,
    selectors: sortedBy(entry.selectors, textOf),
  }))
  return sortedBy(shownAs, keyOf)
}

function sortedBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

function filterOf(given: Given) {
  return {
    ...(given.parentID === ''
      ? {}
      : { byParentId: labelled(given.parentID, 'parent ID', idMessage) }),
    ...(given.spiffeID === ''
      ? {}
      : { bySpiffeId: labelled(given.spiffeID, 'SPIFFE ID', idMessage) }),
    ...(given.selector.length === 0
      ? {}
      : {
          bySelectors: {
            selectors: selectorsOf(given.selector),
            match: matchOf(given.matchSelectorsOn),
          },
        }),
    ...(given.federatesWith.length === 0
      ? {}
      : {
          byFederatesWith: {
            trustDomains: [...given.federatesWith],
            match: matchOf(given.matchFederatesWithOn),
          },
        }),
    ...(given.downstream ? { byDownstream: { value: true } } : {}),
    ...(given.hint === '' ? {} : { byHint: { value: given.hint } }),
  }
}

function selectorsOf(texts: readonly string[]): ReturnType<typeof selectorMessage>[] {
  try {
    return texts.map(selectorMessage)
  } catch (error) {
    throw new UsageError(`error parsing selectors: ${errorText(error)}`)
  }
}

function labelled<T>(text: string, what: string, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (error) {
    throw new UsageError(`error parsing ${what} "${text}": ${errorText(error)}`)
  }
}

function matchOf(text: string): (typeof matches)[keyof typeof matches] {
  if (!isMatch(text)) throw new UsageError(`match behavior "${text}" unknown`)
  return matches[text]
}

function isMatch(text: string): text is keyof typeof matches {
  return Object.hasOwn(matches, text)
}
