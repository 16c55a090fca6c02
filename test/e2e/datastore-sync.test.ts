// needs: strace

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { it } from 'node:test'
import { spawnLevelWriter } from '../support/spawn-level-writer.ts'

it('the level store acknowledges each commit after a sync of its own [PLANE-8]', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-sync-'))
  t.after(() => rm(folder, { recursive: true }))
  const trace = path.join(folder, 'trace')
  const strace = [
    'strace',
    '-f',
    '-qq',
    '-s',
    '64',
    '-o',
    trace,
    '-e',
    'trace=fsync,fdatasync,write',
  ]
  const writer = spawnLevelWriter(path.join(folder, 'store'), {
    wrapper: strace,
    concurrency: 1,
    commits: 100,
  })
  writer.stdout.resume()
  await once(writer, 'exit')

  let acknowledged = 0
  let syncs = 0
  const unsynced: string[] = []
  for (const line of (await readFile(trace, 'utf8')).split('\n')) {
    if (/\bf(data)?sync(\(\d+\)| resumed>\)) += 0$/.test(line)) syncs++
    if (!/\bwrite\(1, "[0-9a-f-]{36}\\n"/.test(line)) continue
    acknowledged++
    if (syncs === 0) unsynced.push(line)
    syncs = 0
  }
  assert.equal(acknowledged, 100)
  assert.deepEqual(unsynced, [])
})
