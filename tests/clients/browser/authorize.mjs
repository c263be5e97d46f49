// A person at the address where a client wants a sign-in: signs in, agrees, and ends at the client's own address.
//
//   authorize.mjs ADDRESS athlete EMAIL PASSWORD              by password
//   authorize.mjs ADDRESS coach EMAIL INBOX                   by the code in the mail
//
// Prints one line of JSON: what the sign-in page and the consent page said, the groups that can be ticked, where it ended
// (without the query), and "problems": what the console said or was loaded from elsewhere.
import { withBrowser } from './launch.mjs'

const [address, who, email, secret] = process.argv.slice(2)
const back = new URL(new URL(address).searchParams.get('redirect_uri'))
const told = { problems: [] }

await withBrowser(async (context) => {
  const page = await context.newPage()
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.problems.push(message.text()))
  page.on('pageerror', (error) => told.problems.push(String(error)))
  page.on('request', (request) => {
    const { hostname } = new URL(request.url())
    if (!['localhost', '127.0.0.1'].includes(hostname)) told.problems.push(`asked ${hostname}`)
  })
  await page.goto(address)
  told.signIn = await page.locator('main').innerText()
  await { athlete, coach }[who](page)
  const allow = page.locator('button[name=decision][value=allow]')
  await allow.waitFor()
  told.consent = await page.locator('main').innerText()
  told.boxes = await page.locator('main input[type=checkbox]').evaluateAll((boxes) => boxes.map((box) => box.name))
  // From here on the client's own page speaks, which may load what it likes.
  for (const event of ['console', 'pageerror', 'request']) page.removeAllListeners(event)
  await allow.click()
  await page.waitForURL((url) => url.host === back.host && url.pathname === back.pathname, { timeout: 60_000 })
  told.ended = page.url().split('?')[0]
})
console.log(JSON.stringify(told))

async function athlete(page) {
  const form = page.locator('form[action="/sign-in"]')
  await form.locator('input[name=email]').fill(email)
  await form.locator('input[name=password]').fill(secret)
  await form.getByRole('button').click()
}

async function coach(page) {
  const before = await mails(page)
  const form = page.locator('form[action$="/coach"]')
  await form.locator('input[name=email]').fill(email)
  await form.getByRole('button').click()
  const typed = page.locator('form[action$="/code"]')
  await typed.locator('input[name=code]').fill(await mailedCode(page, before.length))
  await typed.getByRole('button').first().click()
}

async function mails(page) {
  const mails = await (await page.request.get(`${secret}/mails.json`)).json()
  return mails.filter((mail) => mail.to === email)
}

// The mail leaves by the queue, so it may take a moment.
async function mailedCode(page, known) {
  for (const until = Date.now() + 15_000; Date.now() < until; ) {
    const mail = (await mails(page))[known]
    if (mail) return mail.text.match(/^\s*([A-Z2-9]{4}[- ]?[A-Z2-9]{4})\s*$/m)[1]
    await page.waitForTimeout(100)
  }
  throw new Error(`no mail came to ${email}`)
}
