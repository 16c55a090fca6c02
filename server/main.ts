/** The server's process. */

import { becomeDaemon } from '../runtime/daemon.ts'
import { runServer } from './command.ts'

await becomeDaemon(runServer, process.env)
