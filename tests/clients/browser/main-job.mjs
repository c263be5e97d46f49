// The main job as a newcomer does it: sign up, confirm from the mail, connect the simulated intervals.icu, take the URL.
//
//   main-job.mjs WEB INBOX EMAIL with-javascript|without-javascript [FOLDER FOR PICTURES]
//
// Prints one line of JSON: {"url", "copied", "problems": [what the console said or was loaded from elsewhere], "secrets"}
import assert from 'node:assert/strict'
import { picturesIn, withBrowser } from './launch.mjs'

const [web, inbox, email, mode, pictures] = process.argv.slice(2)
const password = 'a long enough password'
const javaScriptEnabled = mode === 'with-javascript'
const problems = []
const picture = picturesIn(javaScriptEnabled && pictures)

const told = await withBrowser(
  async (context) => {
    if (javaScriptEnabled) await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: web })
    const page = await context.newPage()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('request', (request) => {
      const { hostname } = new URL(request.url())
      if (!['localhost', '127.0.0.1'].includes(hostname)) problems.push(`asked ${hostname}`)
    })

    await page.goto(web)
    await picture(page, 'home')
    await page.getByRole('link', { name: /create (your|an) account|sign up|get started/i }).first().click()
    await page.getByLabel(/^E-?mail address/).fill(email)
    await picture(page, 'sign-up')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.waitForURL('**/sign-up/sent')
    await picture(page, 'sent')

    const link = await linkInTheMail(page)
    await page.goto(link)
    assert.equal(new URL(page.url()).pathname, '/confirm', 'the token is gone from the address')
    assert.equal(await page.getByLabel(/^Your e-?mail address/).inputValue(), email)
    await picture(page, 'confirm')
    await page.getByLabel('Choose a password').fill(password)
    await page.getByRole('button', { name: /create my account/i }).click()
    await page.waitForURL('**/dashboard')
    await picture(page, 'dashboard-new')

    await page.getByRole('button', { name: 'Connect intervals.icu' }).click()
    await page.waitForURL('**/oauth/authorize?**')
    await page.getByLabel(/Jack Nguyen/).check()
    await picture(page, 'authorize')
    await page.getByRole('button', { name: /allow/i }).click()
    await page.waitForURL('**/dashboard**')
    await page.getByText('Jack Nguyen').first().waitFor()

    await picture(page, 'dashboard')
    await page.goto(`${web}/connector`)
    await page.getByText('Show URL').click()
    const url = (await page.locator('#connector-url').innerText()).trim()
    let copied = null
    if (javaScriptEnabled) {
      await page.locator('[data-copy=connector-url]').click()
      copied = await page.evaluate(() => navigator.clipboard.readText())
    }
    await page.getByText('Hide URL').click()
    await picture(page, 'connector')
    await page.getByRole('link', { name: 'Privacy and data' }).click()
    await picture(page, 'privacy')
    return { url, copied, problems, secrets: [password, link.split('/').pop()] }
  },
  { javaScriptEnabled, viewport: { width: 1200, height: 900 } },
)
console.log(JSON.stringify(told))

// The mail leaves by the queue, so it may take a moment.
async function linkInTheMail(page) {
  for (const until = Date.now() + 15_000; Date.now() < until; ) {
    const mails = await (await page.request.get(`${inbox}/mails.json`)).json()
    const mail = mails.findLast((mail) => mail.to === email)
    if (mail) return mail.text.split('\n').find((line) => line.startsWith(`${web}/confirm/`))
    await page.waitForTimeout(100)
  }
  throw new Error('no mail came')
}
