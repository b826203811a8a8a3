'use strict';

const $ = (id) => document.getElementById(id);
const page = JSON.parse($('data').textContent);
const view = $('view');
const pen = view.getContext('2d');
const photo = new Image();
const rawMethod = 'attention weights';
let bytes;  // all weights and maps

const state = {
  method: '', layer: page.layers.length - 1, head: 0, mean: true, object: -1,
  hovered: null, held: null,  // points of the picture, 0 to 1
};

async function inflated(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The rows' least and greatest values: floats, all first bytes, then all second bytes, ...
function rowEnd(i) {
  const { ends, rowsInAll } = page.grid;
  const word = new DataView(new ArrayBuffer(4));
  for (let b = 0; b < 4; ++b) word.setUint8(b, bytes[ends + b * 2 * rowsInAll + i]);
  return word.getFloat32(0, true);
}

// What one patch attends to. Of each head: a row per patch, then the class token's or the mean row.
function weightsOf(layer, head, patch) {
  const { rows, columns, levels, frame } = page.grid;
  const cells = rows * columns;
  const row = page.layers[layer].row + head * (cells + 1) + (patch < 0 ? cells : patch);
  const low = rowEnd(2 * row), high = rowEnd(2 * row + 1);
  const values = new Float32Array(cells);
  for (let i = 0; i < cells; ++i) {
    const t = bytes[row * cells + i] / levels;
    values[i] = low + (high - low) * t * t;
  }
  return { values, rows, columns, frame, low, high };
}

function valuesOf(map) {
  const { rows, columns, low, high, at } = map;
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; ++i) {
    const code = bytes[at + i];
    values[i] = code === 255 ? NaN : low + (high - low) * code / 254;
  }
  return { values, rows, columns, frame: page.frame, low, high };
}

const raw = () => state.method === rawMethod;
const mapOf = (method, object) => page.maps.find((m) => m.method === method && m.object === object);
const hasMeanHead = (layer) => page.layers[layer].heads > 1;
const point = () => state.hovered || state.held;

// The grid's cell at a point of the picture, -1: none.
function cellAt(at, { rows, columns, frame: [x0, y0, x1, y1] }) {
  if (!at) return -1;
  const column = Math.floor((at.x - x0) / (x1 - x0) * columns);
  const row = Math.floor((at.y - y0) / (y1 - y0) * rows);
  return column < 0 || row < 0 || column >= columns || row >= rows ? -1 : row * columns + column;
}

function shownMap() {
  if (!raw()) {
    const map = mapOf(state.method, state.object);
    return map ? valuesOf(map) : null;
  }
  const layer = page.layers[state.layer];
  const head = state.mean && hasMeanHead(state.layer) ? layer.heads : state.head;
  return weightsOf(state.layer, head, cellAt(point(), page.grid));
}

function colourAt(t) {
  const stops = page.colours[$('colours').value];
  const place = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
  const i = Math.min(Math.floor(place), stops.length - 2);
  return stops[i].map((c, k) => c + (stops[i + 1][k] - c) * (place - i));
}

// The map as a small picture: a pixel per cell, or enough of them to be smooth.
function heat({ values, rows, columns, low, high }) {
  const k = $('smooth').checked ? Math.max(1, Math.ceil(256 / Math.max(rows, columns))) : 1;
  const picture = new ImageData(columns * k, rows * k);
  const curve = Number($('curve').value);
  const table = Array.from({ length: 256 }, (_, i) => colourAt((i / 255) ** curve));
  const span = high > low ? high - low : 1;
  const clamp = (i, n) => Math.min(Math.max(i, 0), n - 1);
  for (let y = 0; y < rows * k; ++y) {
    const v = (y + 0.5) / k - 0.5, top = Math.floor(v), down = v - top;
    const r0 = clamp(top, rows) * columns, r1 = clamp(top + 1, rows) * columns;
    for (let x = 0; x < columns * k; ++x) {
      const u = (x + 0.5) / k - 0.5, left = Math.floor(u), right = u - left;
      const c0 = clamp(left, columns), c1 = clamp(left + 1, columns);
      const value = k === 1 ? values[r0 + c0] :
        (values[r0 + c0] * (1 - right) + values[r0 + c1] * right) * (1 - down) +
        (values[r1 + c0] * (1 - right) + values[r1 + c1] * right) * down;
      if (Number.isNaN(value)) continue;
      picture.data.set(table[clamp(Math.round((value - low) / span * 255), 256)], 4 * (y * columns * k + x));
      picture.data[4 * (y * columns * k + x) + 3] = 255;
    }
  }
  const small = document.createElement('canvas');
  small.width = picture.width;
  small.height = picture.height;
  small.getContext('2d').putImageData(picture, 0, 0);
  return small;
}

// Light on dark, so that it shows on any picture.
function outline(x0, y0, x1, y1, width, colour) {
  const box = [x0 * view.width, y0 * view.height, (x1 - x0) * view.width, (y1 - y0) * view.height];
  pen.lineWidth = width + 2;
  pen.strokeStyle = '#000c';
  pen.strokeRect(...box);
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.strokeRect(...box);
}

function drawMap(map) {
  const [x0, y0, x1, y1] = map.frame;
  pen.globalAlpha = $('opacity').value / 100;
  pen.imageSmoothingEnabled = $('smooth').checked;
  pen.drawImage(heat(map), x0 * view.width, y0 * view.height, (x1 - x0) * view.width, (y1 - y0) * view.height);
  pen.globalAlpha = 1;
  pen.imageSmoothingEnabled = true;
}

function drawPatch(map, cell) {
  const [x0, y0, x1, y1] = map.frame;
  const w = (x1 - x0) / map.columns, h = (y1 - y0) / map.rows;
  const column = cell % map.columns, row = Math.floor(cell / map.columns);
  outline(x0 + column * w, y0 + row * h, x0 + (column + 1) * w, y0 + (row + 1) * h, 3, '#fff');
}

const figures = (value) => {
  const small = value !== 0 && Math.abs(value) < 1e-3;
  return small ? value.toExponential(2) : Number(value.toPrecision(3)).toString();
};

function describe(map, cell) {
  const where = cell < 0 ? '' : `row ${Math.floor(cell / map.columns) + 1}, column ${cell % map.columns + 1}`;
  const object = state.object < 0 ? '' : page.objects[state.object].caption;
  let text = '';
  if (raw()) text = cell < 0 ? `What ${page.reader} to` : `What the patch at ${where} attends to`;
  else if (object) text = `${state.method} of ${object}`;
  else text = `${state.method} of the whole picture`;
  if (!raw() && cell >= 0 && !Number.isNaN(map.values[cell])) text += `: ${figures(map.values[cell])} at ${where}`;
  $('reading').textContent = text;
}

function drawLegend(map) {
  $('scale').hidden = $('rule').hidden = !map;
  if (!map) return;
  const root = $('curve').value !== '1';
  const stops = Array.from({ length: 17 }, (_, i) => `rgb(${colourAt(i / 16).map(Math.round)})`);
  $('bar').style.background = `linear-gradient(to right, ${stops})`;
  $('low').textContent = figures(map.low);
  $('middle').textContent = figures(map.low + (map.high - map.low) * (root ? 0.25 : 0.5));
  $('high').textContent = figures(map.high);
  const scale = root ? 'square-root scale' : 'linear scale';
  const note = raw() ? page.grid.note : mapOf(state.method, state.object).note;
  $('rule').textContent = `Colours from this map's least to its greatest value, ${scale}. ${note}`;
}

function drawObjects() {
  page.objects.forEach((object, i) => {
    if (i !== state.object) outline(...object.box, 1.5, '#fffb');
  });
  if (state.object >= 0) outline(...page.objects[state.object].box, 4, '#5fb4ff');
}

function draw() {
  pen.drawImage(photo, 0, 0, view.width, view.height);
  const map = shownMap();
  drawLegend(map);
  if (map) drawMap(map);
  drawObjects();
  if (!map) {
    $('reading').textContent = page.objects.length ? 'Choose an object to see its map.' : 'There is no map.';
    return;
  }
  const cell = cellAt(point(), map);
  if (cell >= 0) drawPatch(map, cell);
  describe(map, cell);
}

let due = false;
function redraw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; draw(); });
}

// Brings the controls in line with the state.
function refresh() {
  $('weights-controls').hidden = !raw();
  $('method').value = state.method;
  if (raw()) {
    const layer = page.layers[state.layer];
    state.head = Math.min(state.head, layer.heads - 1);
    $('layer').value = state.layer;
    $('layer-name').textContent = `${state.layer + 1} of ${page.layers.length}: ${layer.name}`;
    $('head').max = layer.heads - 1;
    $('head').disabled = $('mean').disabled = layer.heads === 1;
    $('head').value = state.head;
    $('mean').checked = state.mean;
    $('head-name').textContent = state.mean && layer.heads > 1 ? 'all' : `${state.head + 1} of ${layer.heads}`;
    $('release').disabled = !state.held;
  }
  $('opacity-name').textContent = `${$('opacity').value} %`;
  [...$('object-list').children].forEach((b, i) => b.setAttribute('aria-pressed', String(i === state.object)));
  redraw();
}

// A method that has maps of objects only needs one; an object needs a method that has its map.
function chooseMethod(method) {
  state.method = method;
  const maps = page.maps.filter((m) => m.method === method);
  if (!raw() && !mapOf(method, state.object)) state.object = maps[0].object;
  refresh();
}

function chooseObject(index) {
  state.object = index === state.object ? -1 : index;
  const wanted = page.maps.find((m) => m.object === state.object);
  if (wanted && !mapOf(state.method, state.object)) state.method = wanted.method;
  refresh();
}

const addOption = (select, text) => select.append(new Option(text, text));

function fillControls() {
  $('title').textContent = document.title = page.title;
  $('made').textContent = page.made;
  const methods = [...new Set(page.maps.map((m) => m.method))];
  if (page.layers.length) methods.unshift(rawMethod);
  methods.forEach((m) => addOption($('method'), m));
  Object.keys(page.colours).forEach((c) => addOption($('colours'), c));
  $('layer').max = Math.max(page.layers.length - 1, 0);
  $('release').textContent = 'Let go of the patch';
  $('objects').hidden = page.objects.length === 0;
  page.objects.forEach((object, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = object.caption;
    button.addEventListener('click', () => chooseObject(i));
    $('object-list').append(button);
  });
  if (methods.length) chooseMethod(methods[0]); else refresh();
}

function pointOf(event) {
  const box = view.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
}

function grid() {
  if (raw()) return page.grid;
  const { rows, columns } = mapOf(state.method, state.object) || { rows: 1, columns: 1 };
  return { rows, columns, frame: page.frame };
}

function hold(at) {
  state.held = at;
  refresh();
}

function moveHeld(dx, dy) {
  const { rows, columns, frame: [x0, y0, x1, y1] } = grid();
  const cell = cellAt(state.held, grid());
  const stay = cell < 0;
  const from = stay ? [columns >> 1, rows >> 1] : [cell % columns, Math.floor(cell / columns)];
  const column = Math.min(Math.max(from[0] + (stay ? 0 : dx), 0), columns - 1);
  const row = Math.min(Math.max(from[1] + (stay ? 0 : dy), 0), rows - 1);
  state.hovered = null;
  hold({ x: x0 + (column + 0.5) / columns * (x1 - x0), y: y0 + (row + 0.5) / rows * (y1 - y0) });
}

function listenToCanvas() {
  view.addEventListener('pointermove', (e) => {
    if (e.pointerType === 'touch') return;
    const before = cellAt(state.hovered, grid());
    state.hovered = pointOf(e);
    if (cellAt(state.hovered, grid()) !== before) redraw();
  });
  view.addEventListener('pointerleave', () => { state.hovered = null; redraw(); });
  view.addEventListener('click', (e) => {
    const at = pointOf(e);
    const again = cellAt(state.held, grid()) === cellAt(at, grid());
    hold(again || cellAt(at, grid()) < 0 ? null : at);
  });
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  view.addEventListener('keydown', (e) => {
    if (moves[e.key]) moveHeld(...moves[e.key]);
    else if (e.key === 'Escape') hold(null);
    else return;
    e.preventDefault();
  });
}

function listenToControls() {
  $('controls').addEventListener('submit', (e) => e.preventDefault());
  $('method').addEventListener('change', (e) => chooseMethod(e.target.value));
  $('layer').addEventListener('input', (e) => { state.layer = Number(e.target.value); refresh(); });
  $('head').addEventListener('input', (e) => { state.head = Number(e.target.value); state.mean = false; refresh(); });
  $('mean').addEventListener('change', (e) => { state.mean = e.target.checked; refresh(); });
  $('release').addEventListener('click', () => hold(null));
  for (const id of ['opacity', 'colours', 'curve', 'smooth']) $(id).addEventListener('input', refresh);
}

function listenToTheme() {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen = null;
  const show = () => {
    const dark = chosen === null ? system.matches : chosen;
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    $('theme').textContent = dark ? 'Light' : 'Dark';
    $('theme').setAttribute('aria-label', `Change to ${dark ? 'light' : 'dark'} colours`);
  };
  system.addEventListener('change', show);
  $('theme').addEventListener('click', () => {
    chosen = document.documentElement.dataset.theme !== 'dark';
    show();
  });
  show();
}

async function start() {
  listenToTheme();
  photo.src = page.picture;
  await photo.decode();
  bytes = await inflated($('bytes').textContent);
  const enlarge = Math.max(1, Math.ceil(768 / Math.max(photo.width, photo.height)));
  view.width = photo.width * enlarge;
  view.height = photo.height * enlarge;
  document.documentElement.style.setProperty('--aspect', photo.width / photo.height);
  fillControls();
  listenToCanvas();
  listenToControls();
}

start().catch((error) => {
  $('trouble').hidden = false;
  $('trouble').textContent = `This browser cannot show the page: ${error.message}`;
});
