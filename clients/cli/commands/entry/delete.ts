/** `server entry delete`: one entry by ID, or a file of IDs. */

import { defineCommand, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { readJsonInput } from '../input.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { statusText } from './print.ts'

export const command = defineCommand({
  name: 'server entry delete',
  spire: true,
  summary: 'Deletes registration entries',
  flags: {
    ...serverFlags,
    entryID: { kind: 'string', help: 'ID of the entry' },
    file: { kind: 'string', help: 'JSON file with {"ids": []}; \'-\' reads standard input' },
  },
  run: async (given, io) => {
    const ids = given.file === '' ? [given.entryID] : idsOf(await readJsonInput(given.file, io))
    if (given.file === '' && given.entryID === '') throw new UsageError('an entry ID is required')
    const { results } = await atServer(given, io, (api) =>
      api.entries.unary('BatchDeleteEntry', { ids }, { signal: io.signal }),
    )
    const failed = results.filter(({ status }) => status?.code !== 0)
    if (given.output === 'json') {
      io.out(messageJson({ results }))
      return failed.length > 0 ? 1 : 0
    }
    const deleted = results.filter(({ status }) => status?.code === 0)
    for (const { id } of deleted) io.out(`Deleted entry with ID: ${id}\n`)
    if (deleted.length > 0) io.out('\n\n')
    for (const { id, status } of failed)
      io.err(`Failed to delete entry with ID ${id} ${statusText(status)}\n`)
    if (failed.length === 0) {
      io.out(`Deleted ${deleted.length} entries successfully`)
      return 0
    }
    io.out('\n\n')
    io.out(
      deleted.length > 0
        ? `Deleted ${deleted.length} entries successfully, but failed to delete ${failed.length} entries`
        : `Failed to delete ${failed.length} entries`,
    )
    throw new UsageError('failed to delete one or more entries')
  },
})

function idsOf(data: unknown): string[] {
  const given: unknown = isRecord(data) ? (data['ids'] ?? []) : undefined
  if (!Array.isArray(given) || !given.every((id) => typeof id === 'string'))
    throw new UsageError('expected {"ids": ["..."]}')
  return given
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
