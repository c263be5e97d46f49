// A coach in a browser: the URL resent, an athlete left, the token regenerated, each from the public page
// through a mail. Every page on the way goes through axe-core, in light and dark, wide and narrow.
//
//   for-coaches.mjs WEB INBOX EMAIL ATHLETE [FOLDER FOR PICTURES]
//
// Prints one line of JSON: {"resent", "regenerated", "left", "wrong": [what axe found or was loaded from elsewhere], "secrets"}
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import axe from 'axe-core'
import { shoot, withBrowser } from './launch.mjs'

const [web, inbox, email, athlete, pictures] = process.argv.slice(2)
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const sizes = { desktop: { width: 1200, height: 900 }, phone: { width: 360, height: 740 } }
const [wrong, secrets] = [[], []]
if (pictures) await mkdir(pictures, { recursive: true })

const told = await withBrowser(
  async (context) => {
    const page = await context.newPage()
    page.on('request', (request) => {
      const { hostname } = new URL(request.url())
      if (!['localhost', '127.0.0.1'].includes(hostname)) wrong.push(`asked ${hostname}`)
    })
    await page.goto(`${web}/`)
    await page.getByRole('link', { name: 'For coaches' }).last().click()
    await look(page, 'for-coaches')

    await ask(page, 'Resend my URL', 'Resend my URL')
    await open(page, 'resend')
    await page.getByRole('button', { name: 'Resend my URL' }).click()
    await page.waitForURL('**/for-coaches/resend/done')
    await look(page, 'resent')
    const resent = await urlInTheMail(page)

    await page.goto(`${web}/for-coaches`)
    await ask(page, 'My roster', 'Open my roster')
    await open(page, 'roster')
    await page.getByRole('button', { name: 'Open my roster' }).click()
    await page.waitForURL('**/for-coaches/my-roster')
    await look(page, 'my-roster')
    await page.getByRole('button', { name: `Leave and refuse further invites from ${athlete}` }).click()
    await page.getByText('You have left').waitFor()
    await look(page, 'my-roster-left')
    const left = (await page.getByRole('heading', { level: 2, name: athlete }).count()) === 0
    await page.getByRole('button', { name: 'take no invites from anyone' }).click()
    await page.getByText('You take no invites from anyone').waitFor()
    await look(page, 'my-roster-refuses-all')
    await page.getByRole('button', { name: 'Take invites again', exact: true }).click()
    await page.getByText('Athletes can invite you again').waitFor()
    await page.getByRole('link', { name: 'Erase my address' }).click()
    await look(page, 'erase')
    await page.getByRole('link', { name: 'Keep it' }).click()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.waitForURL('**/for-coaches')
    await page.goto(`${web}/for-coaches/my-roster`)
    await look(page, 'door')

    await page.goto(`${web}/for-coaches`)
    await page.getByLabel('Email address for: Regenerate my URL').fill('a@b')
    await page.getByRole('button', { name: 'Regenerate my URL' }).click()
    await page.getByRole('alert').waitFor()
    await look(page, 'refused')
    await ask(page, 'Regenerate my URL', 'Regenerate my URL')
    await open(page, 'regenerate')
    await page.getByRole('button', { name: 'Regenerate my URL' }).click()
    await page.waitForURL('**/for-coaches/regenerate/done')
    await look(page, 'regenerated')
    return { resent, left, regenerated: await urlInTheMail(page, resent), wrong, secrets }
  },
  { viewport: sizes.desktop, reducedMotion: 'reduce' },
)
console.log(JSON.stringify(told))

async function ask(page, title, button) {
  await page.getByLabel(`Email address for: ${title}`).fill(email)
  await page.getByRole('button', { name: button }).click()
  await page.waitForURL('**/for-coaches/sent')
  await look(page, 'sent')
}

async function open(page, wish) {
  const start = `${web}/for-coaches/${wish}/`
  const link = await inTheMails(page, (texts) => texts.flatMap((text) => text.split(/\s+/)).findLast((word) => word.startsWith(start)))
  secrets.push(link.split('/').pop())
  await page.goto(link)
  assert.equal(new URL(page.url()).pathname, `/for-coaches/${wish}/confirm`, 'the token is gone from the address')
  await look(page, wish)
}

// The coach's URL in the newest mails, another one than `old`.
async function urlInTheMail(page, old) {
  const find = (texts) => texts.flatMap((text) => text.match(/http:\/\/127\.0\.0\.1:\d+\/mcp\/icul_[\w-]+/g) ?? []).at(-1)
  const url = await inTheMails(page, (texts) => (find(texts) === old ? undefined : find(texts)))
  secrets.push(url.split('/').pop())
  return url
}

// Mails leave by the queue, so they may take a moment.
async function inTheMails(page, find) {
  for (const until = Date.now() + 15_000; Date.now() < until; ) {
    const mails = await (await page.request.get(`${inbox}/mails.json`)).json()
    const found = find(mails.filter((mail) => mail.to === email).map((mail) => mail.text))
    if (found) return found
    await page.waitForTimeout(100)
  }
  throw new Error('no mail came')
}

// Axe and a look at the width; pictures are for people, and without a folder there are none.
async function look(page, name) {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: values }), rules)
      for (const { id, nodes } of violations) wrong.push(`${name} (${colorScheme}, ${size}): ${id} at ${nodes[0].target}`)
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (sideways > 0) wrong.push(`${name} (${colorScheme}, ${size}): ${sideways} px too wide`)
      if (pictures) await shoot(page, { path: join(pictures, `${name}-${size}-${colorScheme}.png`), fullPage: true })
    }
  }
  await page.setViewportSize(sizes.desktop)
  await page.emulateMedia({ colorScheme: 'light' })
}
