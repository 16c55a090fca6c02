/**
 * Files that hold secrets or state: written whole or not at all, readable by their owner alone.
 *
 * `writeFile` would make 0644 files and leave an existing file's mode as it is, so files are made
 * anew with their mode, synced, and moved into place.
 */

import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { chmod, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { Failure, reasonOf } from './failure.ts'

/** Replaces the file at once; a reader sees the old content or the new. Mode 0600 unless told. */
export async function writeFileAtomic(
  file: string,
  content: Uint8Array | string,
  mode = 0o600,
): Promise<void> {
  const scratch = `${file}.${randomBytes(6).toString('hex')}.new`
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants
  const handle = await open(scratch, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode)
  try {
    await handle.chmod(mode)
    await handle.writeFile(content)
    await handle.sync()
  } catch (error) {
    await handle.close()
    await rm(scratch, { force: true })
    throw error
  }
  await handle.close()
  await rename(scratch, file)
  await syncDirectory(path.dirname(file))
}

/** The content, or undefined when there is no such file; refuses links and files over the limit. */
export async function readFileIfThere(
  file: string,
  maxBytes = 1 << 20,
): Promise<Buffer | undefined> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw new Failure('unavailable', `cannot read ${file}`, { cause: error })
  }
  try {
    const { size } = await handle.stat()
    if (size > maxBytes)
      throw new Failure('corrupt', `${file} has ${size} bytes, more than ${maxBytes}`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** Like {@link readFileIfThere}, for a secret: refuses a file that others could read or replace. */
export async function readPrivateFile(file: string): Promise<Buffer | undefined> {
  const found = await lstatIfThere(file)
  if (found === undefined) return undefined
  if ((found.mode & 0o077) !== 0)
    throw new Failure('invalid-configuration', `${file} is open to others (mode ${octal(found)})`, {
      hint: `chmod 600 ${file}`,
    })
  requireOwn(file, found)
  return await readFileIfThere(file)
}

/** Makes the directory with mode 0700, or checks that it is our own and closed to others. */
export async function ensurePrivateDirectory(folder: string): Promise<void> {
  const found = await lstatIfThere(folder)
  if (found === undefined) {
    await makeDirectory(folder, 0o700)
    await chmod(folder, 0o700)
    return
  }
  if (!found.isDirectory())
    throw new Failure('invalid-configuration', `${folder} is not a directory`)
  requireOwn(folder, found)
  if ((found.mode & 0o077) !== 0)
    throw new Failure(
      'invalid-configuration',
      `${folder} is open to others (mode ${octal(found)})`,
      {
        hint: `chmod 700 ${folder}`,
      },
    )
}

/**
 * Makes a directory and what is missing above it; whether it had to. (`mkdir` with `recursive` never
 * returns where nothing can be made, as in /proc.)
 *
 * @throws {Failure} `invalid-configuration` where it cannot be made.
 */
export async function makeDirectory(folder: string, mode: number): Promise<boolean> {
  try {
    return await makeWithParents(folder, mode)
  } catch (cause) {
    throw new Failure(
      'invalid-configuration',
      `cannot make the directory ${folder}: ${reasonOf(cause)}`,
      { cause, hint: 'make it and give it to this user, or configure another place' },
    )
  }
}

async function makeWithParents(folder: string, mode: number): Promise<boolean> {
  try {
    await mkdir(folder, { mode })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST') && (await stat(folder)).isDirectory()) return false
    const above = path.dirname(folder)
    if (!hasCode(error, 'ENOENT') || above === folder) throw error
    await makeWithParents(above, mode)
    await mkdir(folder, { mode })
    return true
  }
}

/** What is at this place, links not followed; undefined when nothing is. */
export async function lstatIfThere(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Whether a caught value is a system error with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function syncDirectory(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function requireOwn(file: string, found: Stats): void {
  const uid = process.geteuid?.()
  if (found.uid !== uid)
    throw new Failure('invalid-configuration', `${file} belongs to uid ${found.uid}, not ${uid}`)
}

function octal(found: Stats): string {
  return (found.mode & 0o7777).toString(8).padStart(4, '0')
}
