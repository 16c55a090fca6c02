/** Where the vectors are, from a test that runs as source or as built. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** A file or folder of this checkout, by its path from the top. */
export function projectFile(...parts: readonly string[]): string {
  return path.join(projectFolder(), ...parts)
}

/** The JSON of a file under test/vectors. */
export function readVectors(file: string): unknown {
  return JSON.parse(readFileSync(projectFile('test/vectors', file), 'utf8'))
}

/** The nearest folder above this file with a package.json. */
export function projectFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(path.join(folder, 'package.json'))) {
    const above = path.dirname(folder)
    if (above === folder) throw new Error(`no package.json above ${import.meta.dirname}`)
    folder = above
  }
  return folder
}
