// The coach's path through the pages, one step a run, so that an MCP client can ask in between.
//
//   coach-path.mjs WEB INBOX MODE invite ATHLETE PASSWORD COACH TOOL…   invites with just these tools  {"url": from the mail, or null}
//   coach-path.mjs WEB INBOX MODE grant ATHLETE PASSWORD COACH TOOL…    grants these tools besides     {"mail": what the coach is told}
//   coach-path.mjs WEB INBOX MODE revoke ATHLETE PASSWORD COACH         takes all back                 {"mail": …}
//   coach-path.mjs WEB INBOX MODE resend|regenerate COACH               by the page For Coaches        {"url": from the mail, "secret": the one-time token}
//   coach-path.mjs WEB INBOX MODE leave COACH ATHLETE-NAME              by the coach's own page        {"left": what the page says, "secret": …}
//
// MODE is with-javascript or without-javascript. Prints one line of JSON, with "problems": what the console said or was
// loaded from elsewhere.
import assert from 'node:assert/strict'
import { withBrowser } from './launch.mjs'

const [web, inbox, mode, step, ...rest] = process.argv.slice(2)
const links = web.replace('localhost', '127.0.0.1')
const problems = []

const steps = {
  async invite(page, athlete, password, coach, ...tools) {
    await signIn(page, athlete, password)
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Coaches' }).click()
    await page.getByRole('link', { name: 'Invite a coach' }).click()
    await page.getByLabel(/e-?mail address/i).fill(coach)
    await page.getByRole('button', { name: 'Read only' }).click()
    // Without JavaScript the button loads the page again: what is ticked before that is lost.
    await page.locator(`input[name=tool-${tools[0]}]:checked`).waitFor()
    const boxes = page.locator('input[type=checkbox][name^=tool-]')
    assert.ok((await boxes.count()) > tools.length)
    for (const box of await boxes.all()) await box.setChecked(tools.includes((await box.getAttribute('name')).slice(5)))
    const before = await mailsTo(page, coach)
    await page.getByRole('button', { name: 'Send the invite' }).last().click()
    await page.waitForURL('**/coaches?**')
    await page.getByRole('heading', { name: coach }).waitFor()
    return { url: urlIn(await nextMail(page, coach, before.length)) }
  },

  async grant(page, athlete, password, coach, ...tools) {
    await signIn(page, athlete, password)
    await page.goto(`${web}/coaches`)
    await page.getByRole('link', { name: `Edit the grant of ${coach}` }).click()
    for (const tool of tools) await page.locator(`input[name=tool-${tool}]`).check()
    const before = await mailsTo(page, coach)
    await page.getByRole('button', { name: 'Save' }).last().click()
    await page.waitForURL('**/coaches?**')
    return { mail: (await nextMail(page, coach, before.length)).text }
  },

  async revoke(page, athlete, password, coach) {
    await signIn(page, athlete, password)
    await page.goto(`${web}/coaches`)
    const before = await mailsTo(page, coach)
    await page.getByRole('button', { name: `Revoke ${coach}` }).click()
    await page.waitForURL('**/coaches?**')
    assert.equal(await page.getByRole('heading', { name: coach }).count(), 0)
    return { mail: (await nextMail(page, coach, before.length)).text }
  },

  async resend(page, coach) {
    const secret = await byMail(page, coach, 'Resend my URL')
    const before = await mailsTo(page, coach)
    await page.getByRole('button', { name: 'Resend my URL' }).click()
    await page.getByRole('heading', { name: 'on its way' }).waitFor()
    return { url: urlIn(await nextMail(page, coach, before.length)), secret }
  },

  async regenerate(page, coach) {
    const secret = await byMail(page, coach, 'Regenerate my URL')
    const before = await mailsTo(page, coach)
    await page.getByRole('button', { name: 'Regenerate my URL' }).click()
    await page.getByRole('heading', { name: 'on its way' }).waitFor()
    return { url: urlIn(await nextMail(page, coach, before.length)), secret }
  },

  async leave(page, coach, athlete) {
    const secret = await byMail(page, coach, 'Open my roster')
    await page.getByRole('button', { name: 'Open my roster' }).click()
    await page.waitForURL('**/for-coaches/my-roster')
    await page.getByRole('button', { name: `Leave ${athlete}`, exact: true }).click()
    const left = (await page.getByRole('status').innerText()).trim()
    assert.equal(await page.getByRole('heading', { name: athlete }).count(), 0)
    return { left, secret }
  },
}

const told = await withBrowser(
  async (context) => {
    const page = await context.newPage()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('request', (request) => {
      const { hostname } = new URL(request.url())
      if (!['localhost', '127.0.0.1'].includes(hostname)) problems.push(`asked ${hostname}`)
    })
    return await steps[step](page, ...rest)
  },
  { javaScriptEnabled: mode === 'with-javascript', viewport: { width: 1200, height: 900 } },
)
console.log(JSON.stringify({ ...told, problems }))

async function signIn(page, email, password) {
  await page.goto(`${web}/sign-in`)
  await page.getByLabel(/^E-?mail address/).fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/dashboard')
}

// Has a mail sent by the form whose button has this name, and opens the link in it; answers the link's token.
async function byMail(page, coach, button) {
  await page.goto(web)
  await page.getByRole('link', { name: /for coaches/i }).first().click()
  await page.waitForURL('**/for-coaches')
  const before = await mailsTo(page, coach)
  const form = page.locator('form').filter({ has: page.getByRole('button', { name: button }) })
  await form.getByRole('textbox').fill(coach)
  await form.getByRole('button').click()
  // The mail may be faster than the page, which would then interrupt the visit to the mail's link.
  await page.waitForURL('**/for-coaches/sent')
  const { text } = await nextMail(page, coach, before.length)
  const link = text.split('\n').find((line) => line.startsWith(`${web}/for-coaches/`))
  await page.goto(link)
  assert.ok(!page.url().includes(link.split('/').pop()), 'the token is gone from the address')
  return link.split('/').pop()
}

async function mailsTo(page, address) {
  const mails = await (await page.request.get(`${inbox}/mails.json`)).json()
  return mails.filter((mail) => mail.to === address)
}

// The mail leaves by the queue, so it may take a moment.
async function nextMail(page, address, known) {
  for (const until = Date.now() + 15_000; Date.now() < until; ) {
    const mails = await mailsTo(page, address)
    if (mails.length > known) return mails.at(-1)
    await page.waitForTimeout(100)
  }
  throw new Error(`no mail came to ${address}`)
}

// The connector URL that stands in a mail; null without one.
function urlIn({ text }) {
  return text.match(new RegExp(`${links}/mcp/\\S+`))?.[0] ?? null
}
