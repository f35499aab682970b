import { extname } from 'node:path'

/** As this file is: TypeScript when run from source, JavaScript when built. */
export const EXTENSION: string = extname(import.meta.url)

/** What Node needs to run this code as this process does. */
export const NODE_FLAGS: readonly string[] =
  EXTENSION === '.ts' ? [...process.execArgv, '--conditions=@svcproxy/source'] : process.execArgv
