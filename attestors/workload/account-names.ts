/**
 * Names of users or groups by number, from /etc/passwd or /etc/group: passwd(5), group(5).
 *
 * Only these files are read: accounts that come from a directory service have numbers here, and no
 * names.
 */

import { readFileSync, statSync } from 'node:fs'

const limits = { fileBytes: 16 << 20 } as const

export class AccountNames {
  readonly #file: string
  #names: ReadonlyMap<number, string> = new Map()
  #version = ''

  constructor(file: string) {
    this.#file = file
  }

  /** The first name that the file gives to this number; the file is read again when it changed. */
  nameOf(id: number): string | undefined {
    const { ino, size, mtimeNs, ctimeNs } = statSync(this.#file, { bigint: true })
    const version = [ino, size, mtimeNs, ctimeNs].join(' ')
    if (version !== this.#version) {
      this.#names = parseAccounts(size > limits.fileBytes ? '' : readFileSync(this.#file, 'utf8'))
      this.#version = version
    }
    return this.#names.get(id)
  }
}

/** Number to first name; lines that are no account are passed over. Exported for its test. */
export function parseAccounts(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':')
    if (name === '' || /^[#+-]/.test(name) || !/^\d{1,10}$/.test(id)) continue
    if (!names.has(Number(id))) names.set(Number(id), name)
  }
  return names
}
