/** The key manager `disk`: one file of mode 0600 in a directory of mode 0700. */

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Failure } from '../../runtime/failure.ts'
import { ensurePrivateDirectory, readPrivateFile, writeFileAtomic } from '../../runtime/files.ts'
import { generateKey, type KeyManager, keyIdOf, spkiOf } from './key-manager.ts'

const fileName = 'agent-keys.json'

/** Key id to PKCS#8 DER in base64. */
const content = z.strictObject({ keys: z.record(z.string(), z.string()) })

export class DiskKeyManager implements KeyManager {
  readonly #file: string
  readonly #keys: Map<string, KeyObject>

  private constructor(file: string, keys: Map<string, KeyObject>) {
    this.#file = file
    this.#keys = keys
  }

  /** @throws {Failure} when the directory or the file is open to others or cannot be read. */
  static async open(directory: string): Promise<DiskKeyManager> {
    await ensurePrivateDirectory(directory)
    const file = path.join(directory, fileName)
    const bytes = await readPrivateFile(file)
    const keys = bytes === undefined ? new Map<string, KeyObject>() : readKeys(file, bytes)
    return new DiskKeyManager(file, keys)
  }

  async generate(): Promise<KeyObject> {
    const key = await generateKey('ec-p256')
    const id = keyIdOf(spkiOf(key))
    await this.#write(new Map([...this.#keys, [id, key]]))
    this.#keys.set(id, key)
    return key
  }

  find(spki: Uint8Array): Promise<KeyObject | undefined> {
    return Promise.resolve(this.#keys.get(keyIdOf(spki)))
  }

  async keepOnly(spki: Uint8Array): Promise<void> {
    const kept = keyIdOf(spki)
    const others = [...this.#keys.keys()].filter((id) => id !== kept)
    if (others.length === 0) return
    for (const id of others) this.#keys.delete(id)
    await this.#write(this.#keys)
  }

  async wipe(): Promise<void> {
    this.#keys.clear()
    await rm(this.#file, { force: true })
  }

  async #write(keys: ReadonlyMap<string, KeyObject>): Promise<void> {
    const encoded = [...keys].map(([id, key]): [string, string] => [
      id,
      key.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    ])
    await writeFileAtomic(this.#file, `${JSON.stringify({ keys: Object.fromEntries(encoded) })}\n`)
  }
}

function readKeys(file: string, bytes: Buffer): Map<string, KeyObject> {
  try {
    const { keys } = content.parse(JSON.parse(bytes.toString()))
    return new Map(
      Object.entries(keys).map(([id, encoded]): [string, KeyObject] => {
        const der = Buffer.from(encoded, 'base64')
        const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
        if (keyIdOf(spkiOf(key)) !== id) throw new Error('a key is not the one that it is named by')
        return [id, key]
      }),
    )
  } catch {
    // The cause may quote the file, which holds keys.
    throw new Failure('corrupt', `${file} holds no keys that can be read`, {
      hint: 'remove it and attest the agent anew',
    })
  }
}
