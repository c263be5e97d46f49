// An athlete with a coach connects intervals.icu as another athlete, by hand, invites the same coach anew and again on other
// terms, and comes back as the first one: what stands on the pages before and after each button.
//
//   another-athlete.mjs WEB EMAIL PASSWORD COACH OTHER FIRST with-javascript|without-javascript [PICTURES]
//
// Prints one line of JSON: what stood where, and whether anything in the console or on the network was not as it should be.
import { picturesIn, withBrowser } from './launch.mjs'

const [web, email, password, coach, other, first, mode, pictures] = process.argv.slice(2)
const javaScriptEnabled = mode === 'with-javascript'
const told = { problems: [] }
const picture = picturesIn(pictures)

await withBrowser(
  async (context) => {
    const page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') told.problems.push(message.text())
    })
    page.on('pageerror', (error) => told.problems.push(String(error)))
    page.on('request', (request) => {
      const { hostname } = new URL(request.url())
      if (!['localhost', '127.0.0.1'].includes(hostname)) told.problems.push(request.url())
    })
    await page.goto(`${web}/sign-in`)
    await page.getByLabel(/^E-?mail address/).fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/dashboard')

    told.before = await connectAs(page, other, 'connect-before')
    told.status = await page.getByRole('status').innerText()
    await picture(page, 'dashboard-another-athlete')
    await page.getByRole('link', { name: 'Coaches', exact: true }).click()
    told.asleep = await page.locator('main').innerText()
    await picture(page, 'coaches-another-athlete')

    await page.getByRole('link', { name: `Invite ${coach} as ${other}` }).click()
    told.filled = await page.getByLabel(/^Your coach’s e-?mail address/).inputValue()
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
    await page.getByLabel('get_wellness').check()
    await page.getByRole('button', { name: 'Send the invite' }).last().click()
    await page.waitForURL('**/coaches?done=sent')
    told.both = await page.locator('main').innerText()

    // The same address once more, with more in it.
    await page.getByRole('link', { name: 'Invite a coach' }).click()
    await page.getByLabel(/^Your coach’s e-?mail address/).fill(coach.toUpperCase())
    await page.getByRole('button', { name: 'Send the invite' }).last().click()
    await page.getByRole('heading', { name: 'You invited this coach before' }).waitFor()
    told.again = await page.locator('main').innerText()
    await picture(page, 'invite-again')
    await page.getByRole('link', { name: 'Edit this' }).click()
    told.ticked = await page.locator('input[type=checkbox]:checked').count()
    await page.goto(`${web}/dashboard`)

    told.wakes = await connectAs(page, first, 'connect-back')
    told.back = await page.getByRole('status').innerText()
    await page.getByRole('link', { name: 'All activity' }).click()
    told.activity = await page.locator('main').innerText()
    await picture(page, 'activity-two-athletes')
  },
  { javaScriptEnabled, viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' },
)
console.log(JSON.stringify(told))

// Connects again from the dashboard; answers what stood on the page with the button.
async function connectAs(page, name, shot) {
  await page.getByRole('link', { name: 'Reconnect', exact: true }).click()
  await page.waitForURL('**/connect')
  const text = await page.locator('main').innerText()
  await picture(page, shot)
  await page.getByRole('button', { name: 'Continue to intervals.icu' }).click()
  await page.waitForURL('**/oauth/authorize?**')
  await page.getByLabel(name).check()
  await page.getByRole('button', { name: /allow/i }).click()
  await page.waitForURL('**/dashboard?done=*')
  return text
}
