// Every page through axe-core, in light and dark, wide and narrow, with everything unfolded: WCAG 2.2 A and AA, and no
// scrolling sideways. Then once more without JavaScript, where no button may be shown that does nothing.
//
//   accessibility.mjs WEB EMAIL PASSWORD MET PICTURES PATH...
//
// MET is a file with pages as somebody met them, in JSON: "what", "status", "headers" and "body" of each. PICTURES is a folder for
// pictures of them, or empty. Paths before `--` are seen by a stranger, those after it by the person. Prints one line of JSON: a list of what is wrong, empty when nothing is.
import { readFile } from 'node:fs/promises'
import axe from 'axe-core'
import { picturesIn, withBrowser } from './launch.mjs'

const [web, email, password, file, pictures, ...paths] = process.argv.slice(2)
const cut = paths.indexOf('--')
const met = JSON.parse(await readFile(file, 'utf8'))
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const picture = picturesIn(pictures)
const wrong = []

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [{ width: 1200, height: 900 }, { width: 360, height: 740 }]) {
    await walk({ colorScheme, viewport, reducedMotion: 'reduce' }, (page, name) => check(page, name, colorScheme, viewport))
  }
}
await walk({ javaScriptEnabled: false }, checkButtons)
await withBrowser(async (context) => {
  const page = await context.newPage()
  for (const one of pictures ? met : []) {
    await meet(page, one)
    await picture(page, one.what.replaceAll(/[^a-z]+/g, '-'))
  }
})
console.log(JSON.stringify(wrong))

// Opens each page in a browser of this kind.
async function walk(options, check) {
  await withBrowser(async (context) => {
    const page = await context.newPage()
    for (const path of paths.slice(0, cut)) await look(page, path, check)
    for (const one of met) {
      await meet(page, one)
      await check(page, one.what)
    }
    await page.goto(`${web}/sign-in`)
    await page.getByLabel(/^E-?mail address/).fill(email)
    await page.getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await check(page, 'a refused sign-in')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL('**/dashboard')
    for (const path of paths.slice(cut + 1)) await look(page, path, check)
  }, options)
}

async function look(page, path, check) {
  await page.goto(`${web}${path}`)
  await check(page, path)
}

// Shows a page that was answered to somebody else; what it loads comes from the service.
async function meet(page, { status, headers, body }) {
  await page.route(`${web}/met`, (route) => route.fulfill({ status, headers, body }), { times: 1 })
  await page.goto(`${web}/met`)
}

async function check(page, name, colorScheme, { width }) {
  for (const fold of await page.locator('details').all()) await fold.evaluate((element) => { element.open = true })
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: values }), rules)
  for (const { id, nodes } of violations) wrong.push(`${name} (${colorScheme}, ${width}): ${id} at ${nodes[0].target}`)
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (sideways > 0) wrong.push(`${name} (${colorScheme}, ${width}): ${sideways} px too wide`)
}

// A button that is no form's needs a script.
async function checkButtons(page, name) {
  for (const button of await page.locator('button[type=button]').filter({ visible: true }).all()) {
    wrong.push(`${name} (without JavaScript): ${await button.innerText()}`)
  }
}
