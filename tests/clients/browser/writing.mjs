// An athlete lets the connector change the calendar, sees what was changed, and takes it back by hand.
//
//   writing.mjs WEB EMAIL PASSWORD allow|undo with-javascript|without-javascript [PICTURES]
//
// Prints one line of JSON: what stood where, and whether anything in the console or on the network was not as it should be.
import { picturesIn, withBrowser } from './launch.mjs'

const [web, email, password, what, mode, pictures] = process.argv.slice(2)
const javaScriptEnabled = mode === 'with-javascript'
const told = { problems: [] }
const picture = picturesIn(pictures)

await withBrowser(
  async (context) => {
    const page = await context.newPage()
    watch(page)
    await page.goto(`${web}/sign-in`)
    await page.getByLabel(/^E-?mail address/).fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/dashboard')
    await (what === 'allow' ? allow(page) : undo(page))
  },
  { javaScriptEnabled, viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' },
)
console.log(JSON.stringify(told))

async function allow(page) {
  await picture(page, 'writing-asked')
  told.asked = await page.getByRole('region', { name: 'May Claude change your data?' }).innerText()
  await page.getByRole('button', { name: 'Allow changes' }).click()
  await page.waitForURL('**/connector?done=writing-on')
  told.done = await page.getByRole('status').innerText()
  told.on = await page.locator('.switch').innerText()
  await page.getByRole('button', { name: 'Switch off' }).click()
  await page.waitForURL('**/connector?done=writing-off')
  told.off = await page.locator('.switch').innerText()
  await page.getByRole('button', { name: 'Switch on' }).click()
  await page.waitForURL('**/connector?done=writing-on')
  await page.goto(`${web}/connect`)
  await picture(page, 'writing-connect')

  await page.goto(`${web}/coaches/invite`)
  const [edit, events] = [page.getByLabel('edit_workout'), page.getByLabel('get_events')]
  await events.uncheck()
  await edit.check()
  told.ticksToo = await events.isChecked()
  await events.uncheck()
  told.untickedToo = !(await edit.isChecked())
  await picture(page, 'writing-invite')
}

async function undo(page) {
  told.changes = await page.locator('.changes').innerText()
  await page.locator('.changes summary').first().click()
  await picture(page, 'writing-dashboard')
  await page.goto(`${web}/activity`)
  await page.locator('.changes summary').first().click()
  told.sides = await page.locator('.changes dl').first().innerText()
  const width = async (what) => (await page.locator(what).first().boundingBox()).width
  told.asWideAsTable = (await width('.changed .changes')) > 0.9 * (await width('table'))
  await picture(page, 'writing-activity')
  await page.getByRole('button', { name: /^Undo/ }).first().click()
  await page.waitForURL('**/activity/undo')
  told.undone = await page.getByRole('status').innerText()
  await picture(page, 'writing-undone')
  await page.getByRole('main').getByRole('link', { name: 'Activity' }).click()
  told.after = await page.locator('.changes').last().innerText()
}

function watch(page) {
  page.on('console', (message) => { if (message.type() === 'error') told.problems.push(message.text()) })
  page.on('pageerror', (error) => told.problems.push(String(error)))
  page.on('request', (request) => { if (!request.url().startsWith(web)) told.problems.push(request.url()) })
}
