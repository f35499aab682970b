export { runCli } from './run-cli.ts'
export type { CliEnvironment, CliIo, CliOutput } from './terminal.ts'
