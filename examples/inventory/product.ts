/** The built product, where programs of other users can read it. */

import { chmodSync, cpSync, statSync } from 'node:fs'
import path from 'node:path'

/** The checkout itself, or a copy in `folder` where the checkout is closed to others. */
export function readableProduct(checkout: string, folder: string): string {
  if (openToOthers(checkout)) return checkout
  const copy = path.join(folder, 'product')
  for (const part of ['bin', 'dist', 'node_modules', 'package.json'])
    cpSync(path.join(checkout, part), path.join(copy, part), { recursive: true })
  chmodSync(copy, 0o755)
  return copy
}

function openToOthers(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === path.dirname(at)) return true
  }
}
