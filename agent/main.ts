/** The agent's process. */

import { becomeDaemon } from '../runtime/daemon.ts'
import { runAgent } from './command.ts'

await becomeDaemon(runAgent, process.env)
