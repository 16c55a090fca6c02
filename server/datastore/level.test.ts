import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { datastoreContract } from '../../test/contracts/datastore.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { spawnLevelWriter } from '../../test/support/spawn-level-writer.ts'
import type { Datastore } from './datastore.ts'
import { openLevelDatastore } from './level.ts'

datastoreContract('level', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-level-'))
  const store = path.join(folder, 'store')
  return {
    open: (clock) => openLevelDatastore({ path: store }, clock),
    spawnWriter: () => spawnLevelWriter(store),
    remove: () => rm(folder, { recursive: true }),
  }
})

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-level-'))
  t.after(() => rm(folder, { recursive: true }))
  return path.join(folder, 'store')
}

function open(folder: string): Promise<Datastore> {
  return openLevelDatastore({ path: folder }, new FakeClock())
}

function put(key: string, value: string) {
  return { kind: 'put', key: Buffer.from(key), value: Buffer.from(value) } as const
}

async function fill(folder: string, from: number, count: number): Promise<void> {
  const store = await open(folder)
  for (let n = from; n < from + count; n++) {
    await store.commit([put(`record/${n}`, `value ${n} `.repeat(10)), put('shared', String(n))])
  }
  await store.close()
}

/** Everything that can be read and watched, as text. */
async function contentOf(folder: string): Promise<string> {
  const store = await open(folder)
  try {
    const listed = await store.read((snapshot) => snapshot.list(new Uint8Array()))
    const lines = listed.records.map(({ key, value, revision }) =>
      [Buffer.from(key), Buffer.from(value), revision].join(' '),
    )
    for await (const { revision, changes } of store.watch(
      new Uint8Array(),
      0,
      AbortSignal.timeout(60_000),
    )) {
      lines.push(`${revision} ${changes.map(({ key }) => Buffer.from(key)).join(' ')}`)
      if (revision === Number(listed.records.at(-1)?.revision)) break
    }
    return lines.join('\n')
  } finally {
    await store.close()
  }
}

async function logOf(folder: string): Promise<string> {
  const names = await readdir(path.join(folder, 'level'))
  const [log] = names.filter((name) => name.endsWith('.log'))
  assert.ok(log)
  return path.join(folder, 'level', log)
}

describe('a level store that is damaged', () => {
  it('has the same content or refuses to open, whichever byte is flipped [PLANE-8]', async (t) => {
    const folder = await scratch(t)
    for (let n = 0; n < 4; n++) await fill(folder, n * 20, 20)
    const whole = await contentOf(folder)
    const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    let refused = 0
    for (let round = 0; round < 200; round++) {
      const name = names[round % names.length] ?? ''
      const copy = `${folder}-${round}`
      await cp(folder, copy, { recursive: true })
      await chmod(copy, 0o700)
      const bytes = await readFile(path.join(copy, name))
      if (bytes.length > 0) {
        const offset = Math.floor((bytes.length * ((round * 7919) % 1000)) / 1000)
        bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (round % 8))
        await writeFile(path.join(copy, name), bytes)
      }
      try {
        assert.equal(await contentOf(copy), whole, name)
      } catch (error) {
        if (error instanceof assert.AssertionError || !(error instanceof Error)) throw error
        assert.ok(error.message.includes(copy), error.message)
        refused++
      }
      await rm(copy, { recursive: true })
    }
    assert.ok(refused > 20, `only ${refused} refused`)
  })

  it('is refused when commits are gone from the middle of its log', async (t) => {
    const folder = await scratch(t)
    await fill(folder, 0, 200)
    const log = await logOf(folder)
    const bytes = await readFile(log)
    bytes.fill(0xee, bytes.length >> 1, (bytes.length >> 1) + 20)
    await writeFile(log, bytes)
    await assert.rejects(open(folder), { code: 'corrupt', message: /has lost commit \d+/ })
  })

  it('is refused with the name of a table file that is damaged', async (t) => {
    const folder = await scratch(t)
    for (let n = 0; n < 3; n++) await fill(folder, n * 20, 20)
    const names = await readdir(path.join(folder, 'level'))
    const tables = names.filter((name) => name.endsWith('.ldb'))
    assert.ok(tables.length > 0)
    for (const name of tables) {
      const file = path.join(folder, 'level', name)
      const whole = await readFile(file)
      for (const offset of [0, whole.length >> 1, whole.length - 1]) {
        const damaged = Buffer.from(whole)
        damaged[offset] = (damaged[offset] ?? 0) ^ 1
        await writeFile(file, damaged)
        const expected = `the datastore in ${folder} has a damaged file, ${file}`
        await assert.rejects(open(folder), { code: 'corrupt', message: expected })
      }
      await writeFile(file, whole)
    }
    await (await open(folder)).close()
  })

  it('opens with a table left over from a process that was killed', async (t) => {
    const folder = await scratch(t)
    await fill(folder, 0, 5)
    await writeFile(path.join(folder, 'level', '009999.ldb'), 'half a table')
    await (await open(folder)).close()
  })

  it('is refused when the last acknowledged commit is gone', async (t) => {
    const folder = await scratch(t)
    await fill(folder, 0, 5)
    const log = await logOf(folder)
    await truncate(log, (await stat(log)).size - 10)
    await assert.rejects(open(folder), {
      code: 'corrupt',
      message: /ends at revision 4, but 5 was acknowledged/,
    })
  })

  it('is refused when all of it is gone', async (t) => {
    const folder = await scratch(t)
    await fill(folder, 0, 5)
    await rm(path.join(folder, 'level'), { recursive: true })
    await assert.rejects(open(folder), { code: 'corrupt', message: /5 was acknowledged/ })
  })

  it('opens when the record of what was acknowledged is behind, as after a power cut', async (t) => {
    const folder = await scratch(t)
    await fill(folder, 0, 5)
    const behind = await readFile(path.join(folder, 'acknowledged'))
    await fill(folder, 5, 5)
    await writeFile(path.join(folder, 'acknowledged'), behind)
    await (await open(folder)).close()
  })
})

describe('the folder of a level store', () => {
  it('is 0700 whatever the umask', async (t) => {
    const before = process.umask(0)
    t.after(() => process.umask(before))
    const folder = await scratch(t)
    await fill(folder, 0, 1)
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    assert.equal((await stat(path.join(folder, 'acknowledged'))).mode & 0o777, 0o600)
  })

  it('is refused when it is open to others, with the command that mends it', async (t) => {
    const folder = await scratch(t)
    await mkdir(folder)
    await chmod(folder, 0o755)
    await assert.rejects(open(folder), {
      code: 'invalid-configuration',
      hint: `chmod 700 ${folder}`,
    })
  })

  it('is refused while this or another process has it open', async (t) => {
    const folder = await scratch(t)
    const inUse = { code: 'unavailable', message: /open in another process/ }
    const store = await open(folder)
    await assert.rejects(open(folder), inUse)
    await store.close()
    const writer = spawnLevelWriter(folder)
    await once(writer.stdout, 'data')
    await assert.rejects(open(folder), inUse)
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    await (await open(folder)).close()
  })

  it('holds nothing but the store, whatever keys say', async (t) => {
    const folder = await scratch(t)
    const store = await open(folder)
    const keys = ['../escape', '/etc/passwd', 'a\0b', 'x'.repeat(4096), "'; DROP TABLE entries; --"]
    for (const key of keys) await store.commit([put(key, key)])
    for (const key of keys) {
      const found = await store.read((snapshot) => snapshot.get(Buffer.from(key)))
      assert.equal(Buffer.from(found?.value ?? []).toString(), key)
    }
    await store.close()
    assert.deepEqual((await readdir(path.dirname(folder))).sort(), ['store'])
    assert.deepEqual((await readdir(folder)).sort(), ['acknowledged', 'level'])
  })
})

describe('a level store whose disk takes no more', () => {
  it('refuses the commit and all later ones, and has what it acknowledged', async (t) => {
    const folder = await scratch(t)
    const writer = spawnLevelWriter(folder, {
      wrapper: ['sh', '-c', 'ulimit -f 256; exec "$@"', 'sh'],
    })
    const lines: string[] = []
    for await (const line of createInterface({ input: writer.stdout })) lines.push(line)
    assert.equal(lines.pop(), 'failed unavailable unavailable')
    assert.ok(lines.length > 10)
    const store = await open(folder)
    for (const line of lines) {
      const found = await store.read((snapshot) => snapshot.get(Buffer.from(`right/${line}`)))
      assert.equal(Buffer.from(found?.value ?? []).toString(), line)
    }
    await store.close()
  })
})
