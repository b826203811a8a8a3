// Opens the sample page in chromium and uses it as people do: test.mjs <folder with page.html, expected.json>
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const { chromium } = createRequire(join(resolve(process.env.FOVEA_PLAYWRIGHT), '/'))('playwright-core');
const folder = resolve(process.argv[2]);
const address = pathToFileURL(join(folder, 'page.html')).href;
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
const browser = await chromium.launch({
  executablePath: process.env.FOVEA_CHROMIUM,
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});

// Runs `body` on a fresh page, then sees that it asked for nothing and complained of nothing.
async function on(name, options, body) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (m) => trouble.push(`console: ${m.text()}`));
  page.on('pageerror', (e) => trouble.push(`error: ${e.message}`));
  page.on('dialog', (d) => { trouble.push(`dialog: ${d.message()}`); d.dismiss(); });
  page.on('request', (r) => {
    if (r.url() !== address && !r.url().startsWith('data:')) trouble.push(`request: ${r.url()}`);
  });
  await page.goto(address);
  await page.waitForFunction(() => document.getElementById('reading').textContent !== '');
  await body(page);
  assert.deepEqual(trouble, [], name);
  await context.close();
  console.log(`ok: ${name}`);
}

const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const text = (page, id) => page.locator(`#${id}`).textContent();
async function picture(page) {
  await frames(page);
  return page.evaluate(() => document.getElementById('view').toDataURL());
}
// After `action` the canvas shows something else.
async function changes(page, what, action) {
  const before = await picture(page);
  await action();
  assert.notEqual(await picture(page), before, `${what} does not change the picture`);
}
// A place of the canvas in the window; the frame is the square in the middle of 400 x 300.
async function place(page, column, row) {
  const box = await page.locator('#view').boundingBox();
  const at = (50 + (column + 0.5) / 14 * 300) / 400;
  return [box.x + box.width * at, box.y + box.height * (row + 0.5) / 14];
}
const slide = (page, id, value) => page.locator(`#${id}`).fill(String(value));
const desktop = { viewport: { width: 1280, height: 800 }, colorScheme: 'light' };
const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark', isMobile: true, hasTouch: true };

await on('untrusted text is text', desktop, async (page) => {
  assert.equal(await page.title(), expected.title);
  assert.equal(await text(page, 'title'), expected.title);
  assert.equal(await page.locator('#object-list button').first().textContent(), expected.caption);
  assert.equal(await page.locator('img, b').count(), 0);
});

await on('weights are those of the model', desktop, async (page) => {
  for (const { layer, head, patch, values } of expected.rows) {
    const row = await page.evaluate(([l, h, p]) => {
      const found = weightsOf(l, h, p);
      return { low: found.low, high: found.high, values: [...found.values] };
    }, [layer, head, patch]);
    const low = Math.min(...values), high = Math.max(...values);
    assert.ok(Math.abs(row.low - low) <= low / 4000 && Math.abs(row.high - high) <= high / 4000);
    assert.equal(row.values.length, values.length);
    row.values.forEach((value, i) => assert.ok(Math.abs(value - values[i]) <= (high - low) / 100));
  }
});

await on('hovering shows what a patch attends to', desktop, async (page) => {
  assert.match(await text(page, 'reading'), /class token/);
  await changes(page, 'a hovered patch', async () => page.mouse.move(...await place(page, 3, 6)));
  assert.match(await text(page, 'reading'), /patch at row 7, column 4 /);
  await changes(page, 'another patch', async () => page.mouse.move(...await place(page, 9, 2)));
  const rows = expected.rows.filter((r) => r.patch === 87 && r.head === 2);
  await slide(page, 'layer', 1);
  await slide(page, 'head', 2);
  await page.mouse.move(...await place(page, 87 % 14, Math.floor(87 / 14)));
  await frames(page);
  assert.equal(Number(await text(page, 'high')), Number(Math.max(...rows[0].values).toPrecision(3)));
  await changes(page, 'leaving', () => page.mouse.move(2, 2));
  assert.match(await text(page, 'reading'), /class token/);
});

await on('a click holds a patch, arrow keys move it, Escape lets go', desktop, async (page) => {
  await page.mouse.click(...await place(page, 3, 6));
  await page.mouse.move(2, 2);
  await frames(page);
  assert.match(await text(page, 'reading'), /row 7, column 4 /);
  await changes(page, 'an arrow key', () => page.keyboard.press('ArrowRight'));
  await page.keyboard.press('ArrowDown');
  await frames(page);
  assert.match(await text(page, 'reading'), /row 8, column 5 /);
  for (let i = 0; i < 20; ++i) await page.keyboard.press('ArrowUp');
  await frames(page);
  assert.match(await text(page, 'reading'), /row 1, column 5 /);
  await page.keyboard.press('Escape');
  await frames(page);
  assert.match(await text(page, 'reading'), /class token/);
});

await on('sliders, colours and scale change the picture', desktop, async (page) => {
  await changes(page, 'the layer', () => slide(page, 'layer', 0));
  assert.equal(await text(page, 'layer-name'), '1 of 3: layers.0.attn');
  await changes(page, 'the head', () => slide(page, 'head', 3));
  assert.equal(await text(page, 'head-name'), '4 of 4');
  assert.equal(await page.locator('#mean').isChecked(), false);
  await changes(page, 'the mean', () => page.locator('#mean').check());
  await changes(page, 'the colour map', () => page.locator('#colours').selectOption('viridis'));
  await changes(page, 'the scale', () => page.locator('#curve').selectOption('0.5'));
  await changes(page, 'smoothing', () => page.locator('#smooth').check());
  await changes(page, 'the opacity', () => slide(page, 'opacity', 20));
  await slide(page, 'opacity', 0);
  await frames(page);
  const [r, g, b] = await page.evaluate(() => document.getElementById('view').getContext('2d').getImageData(200, 40, 1, 1).data);
  assert.ok(Math.abs(r - 60) < 4 && Math.abs(g - 120) < 4 && Math.abs(b - 90) < 4, `the bare picture is ${[r, g, b]}`);
});

await on('methods and objects have their maps', desktop, async (page) => {
  const methods = await page.locator('#method option').allTextContents();
  assert.deepEqual(methods, ['attention weights', 'rollout', 'grad-cam', 'relevance']);
  for (const method of methods.slice(1)) {
    await changes(page, method, () => page.locator('#method').selectOption(method));
    assert.match(await text(page, 'reading'), new RegExp(`^${method} of `));
  }
  assert.ok(await page.locator('#weights-controls').isHidden());
  await page.locator('#method').selectOption('rollout');
  const second = page.locator('#object-list button').nth(1);
  await changes(page, 'an object', () => second.click());
  assert.equal(await second.getAttribute('aria-pressed'), 'true');
  assert.equal(await text(page, 'reading'), 'relevance of ground 0.61');
  await page.locator('#object-list button').first().focus();
  await changes(page, 'an object by keyboard', () => page.keyboard.press('Enter'));
  assert.equal(await page.locator('#method').inputValue(), 'relevance');
  await page.mouse.move(...await place(page, 10, 6));
  await frames(page);
  assert.match(await text(page, 'reading'), /: 0\.9\d+ at row 7, column 11$/);
});

await on('every control is reached by keyboard, has a name and a visible ring', desktop, async (page) => {
  const reached = new Set();
  for (let i = 0; i < 20; ++i) {
    await page.keyboard.press('Tab');
    const found = await page.evaluate(() => {
      const e = document.activeElement;
      const name = e.getAttribute('aria-label') || (e.labels && e.labels[0]?.textContent.trim()) || e.textContent.trim();
      return { id: e.id || e.textContent, name, ring: getComputedStyle(e).outlineStyle };
    });
    if (found.id === '' || found.name === '') continue;
    if (await page.evaluate(() => document.activeElement === document.body)) break;
    reached.add(found.id);
    assert.equal(found.ring, 'solid', `${found.id} has no focus ring`);
  }
  for (const id of ['theme', 'view', 'method', 'layer', 'head', 'mean', 'ground 0.61', 'opacity', 'colours', 'curve', 'smooth'])
    assert.ok(reached.has(id), `${id} is not reached by the Tab key`);
});

await on('dark and light', desktop, async (page) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.locator('#theme').click();
  assert.notEqual(await ground(), light);
  await page.screenshot({ path: join(folder, 'desktop-dark.png') });
  await page.locator('#theme').click();
  assert.equal(await ground(), light);
  await page.screenshot({ path: join(folder, 'desktop-light.png') });
});

await on('phone: dark by itself, one column, a tap chooses', phone, async (page) => {
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= 390 && window === 390, `${wide} pixels wide`);
  const canvas = await page.locator('#view').boundingBox(), form = await page.locator('#controls').boundingBox();
  assert.ok(form.y > canvas.y + canvas.height);
  await changes(page, 'a tap', async () => page.touchscreen.tap(...await place(page, 9, 5)));
  assert.match(await text(page, 'reading'), /row 6, column 10 /);
  await changes(page, 'letting go', () => page.locator('#release').tap());
  await page.screenshot({ path: join(folder, 'phone-dark.png'), fullPage: true });
});

await browser.close();
