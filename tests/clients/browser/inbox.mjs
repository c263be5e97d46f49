// The captured emails of the demo, as text and as HTML, and the page with what to try: accessible on a desk and on a phone, and
// a link in the HTML opens the page that it leads to.
//
//   inbox.mjs INBOX FOLDER FOR PICTURES
//
// Prints one line of JSON: {"wrong": [...], "subject", "opened": the path that the link led to}
import axe from 'axe-core'
import { picturesIn, withBrowser } from './launch.mjs'

const [inbox, pictures] = process.argv.slice(2)
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const picture = picturesIn(pictures)
const wrong = []
let subject
let opened

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [{ width: 1200, height: 900 }, { width: 320, height: 640 }]) {
    await withBrowser(
      async (context) => {
        const page = await context.newPage()
        page.on('pageerror', (error) => wrong.push(String(error)))
        await page.goto(`${inbox}/try`)
        await check(page, 'try', colorScheme, viewport)
        await page.getByRole('link', { name: 'Captured emails' }).first().click()
        await check(page, 'list', colorScheme, viewport)
        await page.locator('ol a').first().click()
        await check(page, 'text', colorScheme, viewport)
        await page.getByRole('link', { name: 'HTML' }).click()
        const frame = page.frameLocator('iframe')
        subject = await frame.locator('h1').innerText()
        await check(page, 'html', colorScheme, viewport)
        await picture(page, `inbox-html-${colorScheme}-${viewport.width}`)
        await frame.locator('a.button').click()
        await page.waitForURL((url) => !url.href.startsWith(inbox))
        opened = new URL(page.url()).pathname
      },
      { colorScheme, viewport },
    )
  }
}
console.log(JSON.stringify({ wrong, subject, opened }))

async function check(page, name, colorScheme, { width }) {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(
    (values) => globalThis.axe.run(document, { runOnly: values, iframes: false }),
    rules,
  )
  for (const { id, nodes } of violations) wrong.push(`${name} (${colorScheme}, ${width}): ${id} at ${nodes[0].target}`)
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (sideways > 0) wrong.push(`${name} (${colorScheme}, ${width}): ${sideways} px too wide`)
}
