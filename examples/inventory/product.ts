/** The built product, where programs of other users can read it. */

import { chmodSync, cpSync, existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** The checkout itself, or a copy in `folder` where the checkout is closed to others. */
export function readableProduct(checkout: string, folder: string): string {
  if (openToOthers(checkout)) return checkout
  const copy = path.join(folder, 'product')
  for (const part of ['bin', 'dist', 'package.json', ...runtimePackages(checkout)])
    cpSync(path.join(checkout, part), path.join(copy, part), { recursive: true })
  chmodSync(copy, 0o755)
  return copy
}

/** Folders of the packages that the product itself needs, by the lock file. */
function runtimePackages(checkout: string): string[] {
  const lock = JSON.parse(readFileSync(path.join(checkout, 'package-lock.json'), 'utf8')) as Lock
  return Object.entries(lock.packages)
    .filter(([folder, { dev = false }]) => folder !== '' && !dev)
    .map(([folder]) => folder)
    .filter((folder) => existsSync(path.join(checkout, folder)))
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

function openToOthers(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === path.dirname(at)) return true
  }
}
