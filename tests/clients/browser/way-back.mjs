// The way back from the consent page, wherever it leads: to a page on the web that sends on to another one, as some clients'
// do on the way to their app, or to an app's scheme at once.
//
//   way-back.mjs WEB EMAIL PASSWORD web|app allow|deny with-javascript|without-javascript
//
// Registers a client, signs in and decides. Prints one line of JSON: where the answer went ("answer"), and what the console
// said or was loaded from elsewhere ("problems").
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { withBrowser } from './launch.mjs'

const [web, email, password, kind, decision, mode] = process.argv.slice(2)
const told = { answer: null, problems: [] }

const server = createServer((request, response) => {
  if (request.url.startsWith('/callback')) {
    told.answer = `http://localhost:${port}${request.url}`
    // Chromium holds a form to its page's policy along the whole chain of redirects: this one leaves for a third origin.
    response.writeHead(302, { location: `http://127.0.0.1:${port}/arrived`, connection: 'close' }).end()
  } else {
    response.writeHead(200, { 'content-type': 'text/html', connection: 'close' })
    response.end('<link rel="icon" href="data:,"><title>Arrived</title>')
  }
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()
const redirect = { web: `http://localhost:${port}/callback`, app: 'cursor://anysphere.cursor-mcp/oauth/callback' }[kind]

await withBrowser(
  async (context) => {
    const page = await context.newPage()
    const data = { client_name: 'A way back', redirect_uris: [redirect], token_endpoint_auth_method: 'none' }
    const registered = await (await page.request.post(`${web}/register`, { data })).json()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.problems.push(message.text()))
    page.on('pageerror', (error) => told.problems.push(String(error)))
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url())
      if (protocol !== 'cursor:' && !['localhost', '127.0.0.1'].includes(hostname)) told.problems.push(`asked ${hostname}`)
    })
    const address = new URL(`${web}/authorize`)
    address.search = new URLSearchParams({
      response_type: 'code',
      client_id: registered.client_id,
      redirect_uri: redirect,
      state: 'a state & more',
      code_challenge: createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url'),
      code_challenge_method: 'S256',
    })
    await page.goto(address.href)
    const form = page.locator('form[action="/sign-in"]')
    await form.locator('input[name=email]').fill(email)
    await form.locator('input[name=password]').fill(password)
    await form.getByRole('button').click()
    await page.locator(`button[name=decision][value=${decision}]`).click()
    if (kind === 'web') {
      await page.waitForURL(`http://127.0.0.1:${port}/arrived`)
    } else {
      told.answer = await page.locator('main a[href^="cursor:"]').getAttribute('href')
    }
  },
  { javaScriptEnabled: mode === 'with-javascript' },
)
server.close()
console.log(JSON.stringify(told))
