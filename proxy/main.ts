/** The proxy's process. */

import { becomeDaemon } from '../runtime/daemon.ts'
import { runProxy } from './command.ts'

await becomeDaemon(runProxy, process.env)
