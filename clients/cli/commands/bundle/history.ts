/**
 * `server bundle history`: every X.509 authority that the trust domain ever published, as
 * `audit verify -history` reads them; JSON lines whatever `-output` says. docs/record.md.
 */

import { formatPublished, type PublishedAuthority } from '../../../../audit/trust-history.ts'
import { publishedOf } from '../../../../proto/convert/bundle-history.ts'
import { allPages } from '../../../admin-api/pages.ts'
import { defineCommand } from '../../command.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'server bundle history',
  summary: 'Prints every X.509 authority that was ever in the bundle, oldest first, as JSON lines',
  flags: serverFlags,
  run: async (given, io) => {
    const published = await atServer(given, io, (api) => {
      const client = api.bundleHistory
      return allPages(
        (pageToken) => client.unary('ListX509Authorities', { pageToken }, { signal: io.signal }),
        publishedOf,
      )
    })
    const age = ({ publishedAt }: PublishedAuthority): number => publishedAt.getTime()
    for (const each of published.sort((a, b) => age(a) - age(b)))
      io.out(`${formatPublished(each)}\n`)
    return 0
  },
})
