import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import {
  ensurePrivateDirectory,
  lstatIfThere,
  makeDirectory,
  readFileIfThere,
  readPrivateFile,
  writeFileAtomic,
} from './files.ts'

const home = await mkdtemp(path.join(tmpdir(), 'files-'))
after(() => rm(home, { recursive: true }))

let made = 0
function folder(): string {
  const place = path.join(home, String(made++))
  mkdirSync(place)
  return place
}

const modeOf = (file: string): number => statSync(file).mode & 0o777

test('a file is 0600 unless told, whatever the umask and the file that it replaces', async () => {
  const file = path.join(folder(), 'a')
  for (const umask of [0, 0o777]) {
    const before = process.umask(umask)
    try {
      await writeFileAtomic(file, 'one')
      assert.equal(modeOf(file), 0o600)
      chmodSync(file, 0o644)
      await writeFileAtomic(file, Buffer.from('two'))
      assert.equal(modeOf(file), 0o600)
      await writeFileAtomic(file, 'three', 0o640)
      assert.equal(modeOf(file), 0o640)
    } finally {
      process.umask(before)
    }
  }
  assert.equal(String(await readFileIfThere(file)), 'three')
})

test('a reader sees the old content or the new, and no scratch file stays', async () => {
  const place = folder()
  const file = path.join(place, 'a')
  const contents = ['a'.repeat(200_000), 'b'.repeat(300_000)]
  await writeFileAtomic(file, contents[0] ?? '')
  const rounds = Array.from({ length: 20 }, (_, round) => contents[round % 2] ?? '')
  let written = 0
  const writing = (async () => {
    for (const content of rounds) {
      await writeFileAtomic(file, content)
      written++
    }
  })()
  while (written < rounds.length) assert.ok(contents.includes(String(await readFileIfThere(file))))
  await writing
  assert.deepEqual(readdirSync(place), ['a'])
})

test('a link in the place of a file is replaced, and what it points to stays', async () => {
  const place = folder()
  const target = path.join(place, 'target')
  const link = path.join(place, 'link')
  writeFileSync(target, 'kept')
  symlinkSync(target, link)
  await writeFileAtomic(link, 'new')
  assert.equal(String(await readFileIfThere(target)), 'kept')
  assert.equal(String(await readFileIfThere(link)), 'new')
})

test('what cannot be written leaves nothing behind', async () => {
  const place = folder()
  mkdirSync(path.join(place, 'a'))
  await assert.rejects(writeFileAtomic(path.join(place, 'none', 'x'), 'x'), { code: 'ENOENT' })
  assert.deepEqual(readdirSync(place), ['a'])
})

test('a file that is not there is undefined; a link or a file over the limit is refused [BAD-6]', async () => {
  const place = folder()
  const file = path.join(place, 'a')
  assert.equal(await readFileIfThere(file), undefined)
  assert.equal(await lstatIfThere(file), undefined)
  writeFileSync(file, '12345')
  assert.equal((await readFileIfThere(file, 5))?.length, 5)
  await assert.rejects(readFileIfThere(file, 4), {
    code: 'corrupt',
    message: /5 bytes, more than 4/,
  })
  const link = path.join(place, 'link')
  symlinkSync(file, link)
  await assert.rejects(readFileIfThere(link), { code: 'unavailable' })
})

test('a secret that others could read or replace is refused, with the command that mends it', async () => {
  const file = path.join(folder(), 'key')
  assert.equal(await readPrivateFile(file), undefined)
  writeFileSync(file, 'secret', { mode: 0o600 })
  assert.equal(String(await readPrivateFile(file)), 'secret')
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    chmodSync(file, mode)
    await assert.rejects(readPrivateFile(file), {
      code: 'invalid-configuration',
      message: `${file} is open to others (mode 0${mode.toString(8)})`,
      hint: `chmod 600 ${file}`,
    })
  }
  await assert.rejects(readPrivateFile(foreignFile()), /belongs to uid \d+, not \d+/)
})

test('a private directory is 0700, and one that is open to others is refused', async () => {
  const place = path.join(folder(), 'deep', 'er')
  const before = process.umask(0)
  try {
    await ensurePrivateDirectory(place)
  } finally {
    process.umask(before)
  }
  assert.equal(modeOf(place), 0o700)
  await ensurePrivateDirectory(place)
  chmodSync(place, 0o750)
  await assert.rejects(ensurePrivateDirectory(place), {
    code: 'invalid-configuration',
    hint: `chmod 700 ${place}`,
  })
  const file = path.join(folder(), 'file')
  writeFileSync(file, '')
  await assert.rejects(ensurePrivateDirectory(file), /is not a directory/)
  const link = path.join(folder(), 'link')
  symlinkSync(place, link)
  await assert.rejects(ensurePrivateDirectory(link), /is not a directory/)
})

/** A file of another user that is closed to everybody else. */
function foreignFile(): string {
  if (process.geteuid?.() !== 0) return '/proc/1/environ'
  const file = path.join(folder(), 'foreign')
  writeFileSync(file, '', { mode: 0o600 })
  chownSync(file, 65_534, 65_534)
  return file
}

test('a directory is made with those above it, once, and not where nothing can be made', async () => {
  const top = folder()
  const place = path.join(top, 'a/b/c')
  assert.deepEqual(
    [await makeDirectory(place, 0o700), await makeDirectory(place, 0o700)],
    [true, false],
  )
  const file = path.join(top, 'a/file')
  writeFileSync(file, '')
  for (const impossible of ['/proc/x/y', file, `${file}/x`])
    await assert.rejects(makeDirectory(impossible, 0o700), {
      code: 'invalid-configuration',
      message: new RegExp(`^cannot make the directory ${impossible}: E`),
    })
})
