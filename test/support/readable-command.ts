/** Modules of the built product as programs that any user may start. */

import path from 'node:path'
import { readableProduct } from '../../examples/inventory/product.ts'
import { nodeCommand } from './running-program.ts'

const checkout = path.resolve(import.meta.dirname, '../../..')

export class ReadableProduct {
  readonly root: string

  /** `folder` takes a copy where the checkout is closed to others. */
  constructor(folder: string) {
    this.root = readableProduct(checkout, folder)
  }

  /** The words that start a module, such as `proxy/main`. */
  command(module: string): string[] {
    return nodeCommand(module).map((word) => word.replace(checkout, this.root))
  }
}
