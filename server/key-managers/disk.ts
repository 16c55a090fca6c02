/**
 * Key manager `disk`: one PKCS#8 file for each slot in a folder of its own, and the file `id` that
 * names the set. Files are 0600, made anew, synced and moved into place; the folder is 0700 and
 * locked, so that two servers never sign with the same keys.
 */

import { createHash, createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { Failure } from '../../runtime/failure.ts'
import { ensurePrivateDirectory, readPrivateFile, writeFileAtomic } from '../../runtime/files.ts'
import { tryLock } from '../../runtime/syscalls.ts'
import type { KeyManager, KeyType, ManagedKey } from './key-manager.ts'
import { isWhole, keyTypeOf, makePrivateKey, managedKey } from './key-manager-keys.ts'

const keyFileEnding = '.key.pem'
const idFile = 'id'
const lockedFile = 'lock'

/**
 * Opens the keys in a folder, made when it is not there. Throws a Failure: `invalid-configuration`
 * with the command that mends it when folder or files are open to others, `unavailable` when
 * another process uses them, `corrupt` when a file is damaged.
 */
export async function openDiskKeyManager(folder: string): Promise<KeyManager> {
  const absolute = path.resolve(folder)
  await ensurePrivateDirectory(absolute)
  const lock = await lockFolder(absolute)
  try {
    const keys = await readKeys(absolute)
    const id = await readId(absolute, keys.size > 0)
    return new DiskKeyManager(absolute, id, keys, lock)
  } catch (error) {
    await lock.close()
    throw error
  }
}

class DiskKeyManager implements KeyManager {
  readonly id: string
  readonly #folder: string
  readonly #keys: Map<string, ManagedKey>
  readonly #lock: FileHandle

  constructor(folder: string, id: string, keys: Map<string, ManagedKey>, lock: FileHandle) {
    this.#folder = folder
    this.id = id
    this.#keys = keys
    this.#lock = lock
  }

  async generateKey(slot: string, type: KeyType): Promise<ManagedKey> {
    const file = path.join(this.#folder, keyFileName(slot))
    const privateKey = await makePrivateKey(type)
    await writeFileAtomic(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), 0o600)
    const key = managedKey(slot, type, privateKey)
    this.#keys.set(slot, key)
    return key
  }

  key(slot: string): ManagedKey | undefined {
    return this.#keys.get(slot)
  }

  async close(): Promise<void> {
    this.#keys.clear()
    await this.#lock.close()
  }
}

async function lockFolder(folder: string): Promise<FileHandle> {
  const handle = await open(path.join(folder, lockedFile), 'a', 0o600)
  if (tryLock(handle.fd)) return handle
  await handle.close()
  throw new Failure('unavailable', `the keys in ${folder} are in use by another process`, {
    hint: 'stop the other server, or give this one a keys_path of its own',
  })
}

async function readKeys(folder: string): Promise<Map<string, ManagedKey>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(keyFileEnding))
  const keys = new Map<string, ManagedKey>()
  for (const name of names) {
    const slot = name.slice(0, -keyFileEnding.length)
    const file = path.join(folder, name)
    const { privateKey, type } = readKey(file, await readPrivateFile(file))
    keys.set(slot, managedKey(slot, type, privateKey))
  }
  return keys
}

function readKey(file: string, pem: Buffer | undefined): { privateKey: KeyObject; type: KeyType } {
  const privateKey = parsedKey(file, pem ?? Buffer.alloc(0))
  const type = keyTypeOf(privateKey)
  if (type === undefined || !isWhole(privateKey)) throw damaged(file)
  return { privateKey, type }
}

function parsedKey(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // Without the cause: what OpenSSL says of a private key is nobody's business.
    throw damaged(file)
  }
}

/** The id file holds the id and a digest of it, for a changed id would orphan the CA's journal. */
async function readId(folder: string, hasKeys: boolean): Promise<string> {
  const file = path.join(folder, idFile)
  const content = await readPrivateFile(file)
  if (content !== undefined) {
    const [id = ''] = content.toString('latin1').split(' ')
    if (content.toString('latin1') !== idContent(id)) throw damaged(file)
    return id
  }
  if (hasKeys) throw new Failure('corrupt', `${folder} holds keys but not the file ${idFile}`)
  const id = randomUUID()
  await writeFileAtomic(file, idContent(id), 0o600)
  return id
}

function idContent(id: string): string {
  return `${id} ${createHash('sha256').update(id).digest('hex')}\n`
}

function keyFileName(slot: string): string {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(slot)) throw new TypeError('a slot name is letters, digits, -')
  return `${slot}${keyFileEnding}`
}

function damaged(file: string): Failure {
  return new Failure('corrupt', `${file} is damaged`, {
    hint: `restore it from a backup; to give up its authorities, move ${path.dirname(file)} away`,
  })
}
