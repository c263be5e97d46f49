// The way back from the consent page, wherever it leads: to a page on the web that sends on to another one, as some clients'
// do on the way to their app, or to an app's scheme at once.
//
//   way-back.mjs WEB EMAIL PASSWORD web|app allow|deny with-javascript|without-javascript
//
// Registers a client, signs in and decides. Prints one line of JSON: where the answer went ("answer"), and what the console
// said or was loaded from elsewhere ("problems").
import { startClient } from './client.mjs'
import { withBrowser } from './launch.mjs'

const [web, email, password, kind, decision, mode] = process.argv.slice(2)
const told = { answer: null, problems: [] }

const client = await startClient(web, kind)

await withBrowser(
  async (context) => {
    const page = await context.newPage()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.problems.push(message.text()))
    page.on('pageerror', (error) => told.problems.push(String(error)))
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url())
      if (protocol !== 'cursor:' && !['localhost', '127.0.0.1'].includes(hostname)) told.problems.push(`asked ${hostname}`)
    })
    await page.goto(client.address)
    const form = page.locator('form[action="/sign-in"]')
    await form.locator('input[name=email]').fill(email)
    await form.locator('input[name=password]').fill(password)
    await form.getByRole('button').click()
    await page.locator(`button[name=decision][value=${decision}]`).click()
    if (kind === 'web') {
      await page.waitForURL(client.arrived)
      told.answer = client.answer
    } else {
      told.answer = await page.locator('main a[href^="cursor:"]').getAttribute('href')
    }
  },
  { javaScriptEnabled: mode === 'with-javascript' },
)
client.stop()
console.log(JSON.stringify(told))
