// An athlete and the coaches, by hand: invite with a preset and some boxes, see it, change it in two tabs, revoke it.
//
//   coaches.mjs WEB EMAIL PASSWORD COACH with-javascript|without-javascript [PICTURES]
//
// Prints one line of JSON: what stood where, and whether anything in the console or on the network was not as it should be.
import { picturesIn, withBrowser } from './launch.mjs'

const [web, email, password, coach, mode, pictures] = process.argv.slice(2)
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
    await page.getByRole('link', { name: 'Coaches', exact: true }).click()
    await page.getByRole('link', { name: 'Invite a coach' }).click()
    await page.waitForURL('**/coaches/invite')

    await page.getByLabel(/^Your coach’s e-?mail address/).fill(coach)
    await page.getByLabel('Note (optional)').fill('Build for the marathon')
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
    let posts = 0
    page.on('request', (request) => { if (request.method() === 'POST') posts += 1 })
    await page.getByRole('button', { name: 'Everything that exists today' }).click()
    await page.waitForFunction(() => document.querySelectorAll('input[type=checkbox]:not(:checked)').length === 0)
    told.presetPosts = posts
    told.typedStays = [await page.getByLabel(/^Your coach’s e-?mail address/).inputValue(), await page.getByLabel('Note (optional)').inputValue()]
    await page.getByLabel('get_wellness').uncheck()
    await page.getByLabel('push_wellness').uncheck()
    await picture(page, 'coaches-invite')
    // Enter in a field sends the form and presses no preset.
    await page.getByLabel(/^Your coach’s e-?mail address/).press('Enter')
    await page.waitForURL('**/coaches?done=*')
    told.sent = await page.getByRole('status').innerText()
    told.list = await page.locator('.grants').innerText()
    await picture(page, 'coaches')

    const other = await context.newPage()
    watch(other)
    await page.getByRole('link', { name: `Edit the grant of ${coach}` }).click()
    await other.goto(page.url())
    // What includes the calendar goes with it, or the calendar would stay.
    for (const tool of ['edit_workout', 'delete_workout', 'get_events']) await other.getByLabel(tool).uncheck()
    await other.getByRole('button', { name: 'Save', exact: true }).last().click()
    await other.waitForURL('**/coaches?done=changed')
    await page.getByLabel('get_wellness').check()
    await picture(page, 'grant')
    await page.getByRole('button', { name: 'Save', exact: true }).last().click()
    await page.getByRole('heading', { name: 'It was changed meanwhile' }).waitFor()
    told.conflict = await page.locator('main').innerText()
    await picture(page, 'grant-conflict')
    await page.getByRole('button', { name: 'Save mine instead' }).click()
    await page.waitForURL('**/coaches?done=changed')
    told.after = await page.locator('.grants').innerText()
    await page.goto(`${web}/dashboard`)
    told.dashboard = await page.locator('.people').innerText()
    await picture(page, 'dashboard')
    await page.goto(`${web}/coaches`)
    await page.getByRole('button', { name: `Withdraw ${coach}` }).click()
    await page.waitForURL('**/coaches?done=withdrawn')
    await page.getByRole('heading', { name: 'Only you' }).waitFor()
    await picture(page, 'coaches-empty')
  },
  { javaScriptEnabled, viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' },
)
console.log(JSON.stringify(told))

function watch(page) {
  page.on('console', (message) => {
    if (message.type() === 'error') told.problems.push(message.text())
  })
  page.on('pageerror', (error) => told.problems.push(String(error)))
  page.on('request', (request) => { if (!request.url().startsWith(web)) told.problems.push(request.url()) })
}
