// Starts the back office and three processes of the shop. Each Enter takes the back office down, or brings it back.
import { BackOffice } from './back-office.ts'
import { startMember } from './start-member.ts'

const { REDIS_URL } = process.env
if (REDIS_URL === undefined) {
  console.error('Say where Redis is: REDIS_URL=redis://127.0.0.1:6379 npm start')
  process.exit(1)
}

const backOffice = new BackOffice()
const BACK_OFFICE = await backOffice.start()
const starting = ['3001', '3002', '3003'].map((PORT) =>
  startMember({ PORT, BACK_OFFICE, REDIS_URL, LABEL: `shop ${PORT}` }),
)
const members = await Promise.all(starting)
console.log(
  `The shop: ${members.map(({ url }) => url).join(' ')}\nEnter takes the back office down, or brings it back.`,
)

process.stdin.on('data', () => {
  backOffice.isDown = !backOffice.isDown
  console.log(`The back office is ${backOffice.isDown ? 'down' : 'up'}.`)
})
process.once('SIGINT', () => {
  void Promise.all(members.map(({ stop }) => stop())).then(() => process.exit())
})
