// What was typed survives a mistake, a reload, the Back button and a lost session.
//
//   drafts.mjs WEB EMAIL PASSWORD with-javascript|without-javascript
//
// Prints one line of JSON: what was in the fields at each step, and how many forms were sent.
import { withBrowser } from './launch.mjs'

const [web, email, password, mode] = process.argv.slice(2)
const seen = { problems: [], posts: 0 }

await withBrowser(
  async (context) => {
    const page = await context.newPage()
    page.on('console', (message) => { if (message.type() === 'error') seen.problems.push(message.text()) })
    page.on('pageerror', (error) => seen.problems.push(String(error)))
    page.on('request', (request) => { if (request.method() === 'POST') seen.posts += 1 })
    const signIn = async () => {
      await page.locator('#email').fill(email)
      await page.locator('#password').fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    const fields = async () => [await page.locator('#email').inputValue(), await page.locator('#note').inputValue()]

    // A stranger who sent the form and goes back finds the address.
    await page.goto(`${web}/sign-up`)
    await page.locator('#email').fill('back@example.test')
    await page.locator('#email').press('Enter')
    await page.waitForURL('**/sign-up/sent')
    await page.goBack()
    seen.signUpBack = await page.locator('#email').inputValue()

    await page.goto(`${web}/sign-in?next=invite`)
    await signIn()
    await page.waitForURL('**/coaches/invite')
    await page.locator('#email').fill('tom@coach.example')
    await page.locator('#note').fill('See evil.com')
    seen.posts = 0
    await page.locator('#email').press('Enter')
    await page.locator('#mistakes').waitFor()
    seen.wrong = await fields()
    seen.title = await page.title()
    await page.reload()
    seen.reloaded = await fields()
    await page.goBack()
    seen.back = await fields()
    seen.sentOnce = seen.posts

    // The session ends while the form is open.
    await page.locator('#note').fill('Hello Tom')
    await context.clearCookies({ name: 's' })
    await page.locator('#email').press('Enter')
    await page.waitForURL('**/sign-in?next=invite')
    await signIn()
    await page.waitForURL('**/coaches/invite')
    seen.lost = await fields()
    seen.note = await page.getByRole('status').first().innerText()
    await page.locator('#email').press('Enter')
    await page.waitForURL('**/coaches?done=sent')
  },
  { javaScriptEnabled: mode === 'with-javascript' },
)
console.log(JSON.stringify(seen))
