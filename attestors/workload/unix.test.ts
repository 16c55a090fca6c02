import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readlinkSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { selectorText } from '../../registration/selector.ts'
import { pinProcess } from '../../runtime/peer-credentials.ts'
import { statusOf } from '../../runtime/proc.ts'
import { AccountNames, parseAccounts } from './account-names.ts'
import { UnixAttestor } from './unix.ts'

const never = new AbortController().signal

async function ownSelectors(options: { limit?: number; discover?: boolean }): Promise<string[]> {
  const attestor = new UnixAttestor({
    discoverWorkloadPath: options.discover ?? true,
    workloadSizeLimitBytes: options.limit ?? 0,
  })
  const peer = pinProcess(process.pid)
  try {
    return (await attestor.attest(peer, never)).map(selectorText)
  } finally {
    peer.close()
    await attestor.close()
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

test('a process has selectors of its effective user and group, by number and by name [EDGE-5]', async () => {
  const selectors = await ownSelectors({ discover: false })
  const [uid, gid] = [process.geteuid?.() ?? -1, process.getegid?.() ?? -1]
  assert.ok(selectors.includes(`unix:uid:${uid}`))
  assert.ok(selectors.includes(`unix:gid:${gid}`))
  const user = new AccountNames('/etc/passwd').nameOf(uid)
  const group = new AccountNames('/etc/group').nameOf(gid)
  if (user !== undefined) assert.ok(selectors.includes(`unix:user:${user}`))
  if (group !== undefined) assert.ok(selectors.includes(`unix:group:${group}`))
  for (const supplementary of statusOf(process.pid).groups)
    assert.ok(selectors.includes(`unix:supplementary_gid:${supplementary}`))
  assert.equal(
    selectors.find((selector) => /^unix:(?:path|sha256):/.test(selector)),
    undefined,
  )
})

test('path and hash are those of the file that runs', async () => {
  const selectors = await ownSelectors({})
  const program = readlinkSync('/proc/self/exe')
  assert.ok(selectors.includes(`unix:path:${program}`))
  assert.ok(selectors.includes(`unix:sha256:${await sha256Of(program)}`))
})

test('a program over the size limit fails the attestor', async () => {
  await assert.rejects(ownSelectors({ limit: 10 }), /exceeds size limit \(\d+ > 10\)/)
})

test('a size limit below zero gives the path and never hashes', async () => {
  const selectors = await ownSelectors({ limit: -1 })
  assert.ok(selectors.some((selector) => selector.startsWith('unix:path:')))
  assert.ok(!selectors.some((selector) => selector.startsWith('unix:sha256:')))
})

test('the same program is hashed once for many who ask at the same time', async () => {
  const attestor = new UnixAttestor({ discoverWorkloadPath: true, workloadSizeLimitBytes: 0 })
  const peer = pinProcess(process.pid)
  try {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => attestor.attest(peer, never)),
    )
    const hashes = answers.map((answer) =>
      answer.map(selectorText).find((s) => s.includes('sha256')),
    )
    assert.equal(new Set(hashes).size, 1)
    assert.notEqual(hashes[0], undefined)
  } finally {
    peer.close()
    await attestor.close()
  }
})

test('a process that is gone cannot be attested', async () => {
  const child = spawn('/bin/sleep', ['60'])
  await once(child, 'spawn')
  const peer = pinProcess(child.pid ?? -1)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const attestor = new UnixAttestor({ discoverWorkloadPath: false, workloadSizeLimitBytes: 0 })
  await assert.rejects(attestor.attest(peer, never))
  peer.close()
  await attestor.close()
})

test('accounts are read by number, the first name of each counts', () => {
  const names = parseAccounts(
    [
      'root:x:0:0::/root:/bin/sh',
      'toor:x:0:0::/:',
      '+nis',
      '#c:x:1:1',
      'bad:x:y:1',
      'a:x:7:7',
      '',
    ].join('\n'),
  )
  assert.deepEqual(
    [...names],
    [
      [0, 'root'],
      [7, 'a'],
    ],
  )
})
