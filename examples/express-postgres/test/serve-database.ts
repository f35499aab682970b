// `npm run database`: a PostgreSQL for `npm start`. Ctrl-C kills it; its data go with it.
import { TestDatabase } from './database.ts'

const database = await TestDatabase.start(Number(process.env.PGPORT ?? 54329))
console.log(`${database.url}\nEnter kills it, or starts it again. Ctrl-C ends it.`)
let isUp = true
process.stdin.on('data', () => {
  isUp = !isUp
  void (isUp ? database.start() : database.kill()).then(() => console.log(isUp ? 'up' : 'down'))
})
process.once('SIGINT', () => void database.stop().then(() => process.exit()))
