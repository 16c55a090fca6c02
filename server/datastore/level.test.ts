import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { datastoreContract } from '../../test/contracts/datastore.ts'
import { openLevelDatastore } from './level.ts'

datastoreContract('level', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-level-'))
  return {
    open: (clock) => openLevelDatastore({ path: path.join(folder, 'store') }, clock),
    remove: () => rm(folder, { recursive: true }),
  }
})
