(() => {
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const runs = data.runs;
const SVG = 'http://www.w3.org/2000/svg';
const $ = id => document.getElementById(id);

// ---- small helpers

/** An element with attributes and children; text is never read as HTML. */
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A key that may be broken after its dots and underscores. */
const breakable = key => key.split(/(?<=[._])/).flatMap(part => [part, el('wbr')]);

const color = run => `var(--c${run % 8})`;
const dash = run => ['', '6 3', '2 3'][Math.floor(run / 8) % 3];
const partDash = part => ['', '7 3', '2 3', '7 3 2 3'][part % 4];
const isNumber = value => typeof value === 'number' && Number.isFinite(value);
const grouped = value => value.toLocaleString('en-US', {maximumFractionDigits: 0});

/** 7.87753, 15,660, 1.00e-4: as many digits as a person reads. */
function number(value) {
  if (!isNumber(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e15) return value.toExponential(3);
  if (size >= 10000) return grouped(value);
  if (size < 1e-3) return value.toExponential(2);
  if (Number.isInteger(value)) return String(value);
  return String(+value.toPrecision(5));
}

/** The same for ticks: 15k, 2.5M, 1e-4. */
function short(value) {
  const size = Math.abs(value);
  if (size === 0) return '0';
  for (const [unit, letter] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
    if (size >= unit) return +(value / unit).toPrecision(4) + letter;
  }
  return size < 1e-3 ? value.toExponential().replace('+', '') : String(+value.toPrecision(4));
}

const percent = value => isNumber(value) ? (100 * value).toPrecision(3) + '%' : '–';

function bytes(value) {
  if (!isNumber(value)) return '–';
  for (const [unit, name] of [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB']]) {
    if (value >= unit) return (value / unit).toPrecision(3) + ' ' + name;
  }
  return value + ' B';
}

function duration(hours) {
  if (!isNumber(hours)) return '–';
  const seconds = hours * 3600;
  if (seconds < 60) return seconds.toPrecision(3) + ' s';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${Math.floor(seconds % 60)} s`;
  return hours < 48 ? `${Math.floor(hours)} h ${Math.floor(hours * 60 % 60)} m` : `${Math.floor(hours / 24)} d ${Math.floor(hours % 24)} h`;
}

function median(values) {
  const sorted = values.filter(isNumber).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : NaN;
}

// ---- what all charts share

const state = {axis: 'step', smooth: 0, zoom: null, shown: runs.map(() => true), theme: null, layer: 0, run: 0, measure: 'imbalance'};
const redraws = [];
const redraw = () => redraws.forEach(each => each());
const axes = {
  step: {name: 'step', format: number},
  tokens: {name: 'tokens', format: number},
  hours: {name: 'hours of training', format: value => number(+value.toPrecision(4))},
};

/** Ticks at 1, 2 or 5 times a power of ten. */
function linearTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(each => each * power).find(each => each >= raw * .999) || raw;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(+(i * step).toPrecision(12));
  return ticks;
}

/** Powers of ten, with 2 and 5 between them where there is room; linear ticks where the range is small. */
function logTicks(low, high) {
  const ticks = [];
  for (const steps of [[1], [1, 3], [1, 2, 5]]) {
    ticks.length = 0;
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const step of steps) {
        const tick = +(step * 10 ** power).toPrecision(12);
        if (tick >= low * .999 && tick <= high * 1.001) ticks.push(tick);
      }
    }
    if (ticks.length >= 3) break;
  }
  if (ticks.length > 7) return ticks.filter((_, i) => i % Math.ceil(ticks.length / 7) === 0);
  return ticks.length >= 2 ? ticks : linearTicks(low, high, 4).filter(tick => tick > 0);
}

/** Exponential moving average that begins without a bias towards zero. */
function smoothed(values, weight) {
  if (!weight) return values;
  let sum = 0, mass = 0;
  return values.map(value => {
    if (!isNumber(value)) return null;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}

/** Points of a curve: x and y, with the smallest and largest values where a point stands for several steps. */
function points(x, curve, weight) {
  if (!x || !curve) return [];
  const mean = smoothed(curve.mean, weight);
  const all = [];
  for (let i = 0; i < mean.length; i++) {
    if (isNumber(x[i])) all.push({x: x[i], y: mean[i], raw: curve.mean[i], min: curve.min ? curve.min[i] : null, max: curve.max ? curve.max[i] : null});
  }
  return all;
}

// ---- a chart of curves

/**
 * @param spec title, help, curves: list of {key, name, of: metrics → {x, curve}, style}, format, log (initially), fromZero, smooth
 */
function chart(spec) {
  let log = !!spec.log;
  const title = el('h3', {}, spec.title);
  const logButton = el('button', {type: 'button', 'aria-pressed': String(log), onclick: () => {
    log = !log;
    logButton.setAttribute('aria-pressed', String(log));
    logButton.textContent = log ? 'log' : 'linear';
    draw();
  }}, log ? 'log' : 'linear');
  logButton.title = 'Scale of the vertical axis';
  const key = el('div', {class: 'key-of-curves small muted'});
  const plot = el('div', {class: 'plot'});
  const tip = el('div', {class: 'tip', hidden: true});
  const table = el('div', {class: 'scroll'});
  const details = el('details', {ontoggle: () => { if (details.open) fillTable(); }}, el('summary', {}, 'Table of values'), table);
  const figure = el('figure', {class: 'card'}, el('div', {class: 'bar'}, title, el('div', {class: 'right'}, logButton)),
      el('p', {class: 'muted small'}, spec.help), key, plot, details);
  // Curves of one run differ in colour. Those of several have the colour of their run, and differ in dashes and circles.
  const kinds = spec.curves.filter(part => runs.some(run => part.of(run.metrics)));
  const shade = curve => color(runs.length > 1 ? curve.index : kinds.indexOf(curve.part));
  const dashes = part => part.style === 'limit' ? '5 4' : runs.length > 1 && part.style !== 'points' ? partDash(kinds.indexOf(part)) : '';
  let curves = [];
  let cursor = null;
  let view = null;
  let said = [];

  function collect() {
    curves = [];
    runs.forEach((run, index) => {
      if (!state.shown[index]) return;
      for (const part of spec.curves) {
        const found = part.of(run.metrics);
        if (!found) continue;
        const all = points(found.x[state.axis], found.curve, part.smooth ? state.smooth : 0);
        const inside = state.zoom ? all.filter(point => point.x >= state.zoom[0] && point.x <= state.zoom[1]) : all;
        if (inside.some(point => isNumber(point.y))) {
          const names = [runs.length > 1 ? run.name : null, spec.curves.length > 1 ? part.name : null].filter(Boolean);
          curves.push({index, part, points: inside, names, label: names.join(', ') || spec.title});
        }
      }
    });
    // Few points stand above lines.
    curves.sort((a, b) => (a.part.style === 'points') - (b.part.style === 'points'));
  }

  /** Says which kind of curve is which, if there are several. */
  function drawKey() {
    const found = kinds.filter(part => curves.some(curve => curve.part === part));
    key.replaceChildren(...(found.length < 2 ? [] : found.map(part => {
      const stroke = runs.length > 1 ? 'var(--muted)' : shade({part});
      const sample = svg('svg', {viewBox: '0 0 26 10', 'aria-hidden': 'true'});
      const line = svg('line', {x1: 1, x2: 25, y1: 5, y2: 5, stroke, 'stroke-width': 1.7});
      if (dashes(part)) line.setAttribute('stroke-dasharray', dashes(part));
      sample.append(line);
      if (part.style === 'points') sample.append(svg('circle', {cx: 13, cy: 5, r: 3, fill: 'var(--card)', stroke, 'stroke-width': 1.6}));
      return el('span', {}, sample, part.name);
    })));
  }

  function draw() {
    collect();
    drawKey();
    const width = Math.max(260, plot.clientWidth || 520);
    const height = width < 400 ? 210 : 240;
    const box = {left: 52, right: 12, top: 8, bottom: 34};
    plot.replaceChildren();
    if (!curves.length) {
      plot.append(el('p', {class: 'muted'}, 'No value in what is shown.'));
      return;
    }
    const flat = curves.flatMap(curve => curve.points);
    const ys = flat.flatMap(point => [point.y, point.raw, point.min, point.max]).filter(isNumber);
    const positive = ys.every(value => value > 0);
    const useLog = log && positive;
    logButton.hidden = !positive;
    let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
    for (const point of flat) { x0 = Math.min(x0, point.x); x1 = Math.max(x1, point.x); }
    for (const y of ys) { y0 = Math.min(y0, y); y1 = Math.max(y1, y); }
    if (spec.fromZero && !useLog) y0 = Math.min(0, y0);
    if (x0 === x1) { x0 -= .5; x1 += .5; }
    if (y0 === y1) { const pad = Math.abs(y0) * .1 || 1; y0 -= useLog ? 0 : pad; y1 += pad; if (useLog) y0 /= 1.2; }
    if (useLog) { const pad = (y1 / y0) ** .04; y0 /= pad; y1 *= pad; }
    else { const pad = (y1 - y0) * .05; y1 += pad; if (!(spec.fromZero && y0 === 0)) y0 -= pad; }
    const px = x => box.left + (x - x0) / (x1 - x0) * (width - box.left - box.right);
    const py = y => useLog ? height - box.bottom - Math.log(y / y0) / Math.log(y1 / y0) * (height - box.top - box.bottom)
        : height - box.bottom - (y - y0) / (y1 - y0) * (height - box.top - box.bottom);
    view = {px, py, x0, x1, width, height, box};

    const root = svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', tabindex: '0', 'aria-label': spoken()});
    for (const tick of useLog ? logTicks(y0, y1) : linearTicks(y0, y1, 4)) {
      root.append(svg('line', {class: 'grid-line', x1: box.left, x2: width - box.right, y1: py(tick), y2: py(tick)}),
          svg('text', {x: box.left - 7, y: py(tick) + 4, 'text-anchor': 'end'}, (spec.tick || short)(tick)));
    }
    const axisY = height - box.bottom;
    root.append(svg('line', {class: 'axis', x1: box.left, x2: width - box.right, y1: axisY, y2: axisY}));
    for (const tick of linearTicks(x0, x1, width < 400 ? 3 : 5)) {
      if (state.axis === 'step' && !Number.isInteger(tick)) continue;
      root.append(svg('line', {class: 'axis', x1: px(tick), x2: px(tick), y1: axisY, y2: axisY + 4}),
          svg('text', {x: px(tick), y: axisY + 16, 'text-anchor': 'middle'}, short(tick)));
    }
    root.append(svg('text', {x: width - box.right, y: height - 3, 'text-anchor': 'end'}, axes[state.axis].name));

    for (const curve of curves) paint(root, curve);
    const mark = svg('g', {});
    root.append(mark);
    plot.append(root, tip);
    interact(root, mark);
  }

  function paint(root, curve) {
    const {px, py} = view;
    const stroke = shade(curve);
    if (curve.part.style !== 'points' && curve.points.some(point => isNumber(point.min))) {
      const inside = curve.points.filter(point => isNumber(point.min) && isNumber(point.max));
      const area = inside.map(point => `${px(point.x).toFixed(1)},${py(point.max).toFixed(1)}`)
          .concat(inside.slice().reverse().map(point => `${px(point.x).toFixed(1)},${py(point.min).toFixed(1)}`));
      root.append(svg('polygon', {points: area.join(' '), fill: stroke, opacity: .2}));
    }
    if (curve.part.smooth && state.smooth) root.append(svg('path', {d: path(curve.points, 'raw'), fill: 'none', stroke, opacity: .3}));
    const pattern = dashes(curve.part) || dash(curve.index);
    const line = svg('path', {d: path(curve.points, 'y'), fill: 'none', stroke, 'stroke-width': curve.part.style === 'limit' ? 1.2 : 1.7,
      'stroke-linejoin': 'round', 'stroke-linecap': 'round'});
    if (pattern) line.setAttribute('stroke-dasharray', pattern);
    root.append(line);
    const single = curve.points.filter(point => isNumber(point.y));
    if (curve.part.style === 'points' || single.length <= 12) {
      for (const point of single.length > 120 ? single.filter((_, i) => i % Math.ceil(single.length / 120) === 0) : single) {
        root.append(svg('circle', {cx: px(point.x), cy: py(point.y), r: 3, fill: 'var(--card)', stroke, 'stroke-width': 1.6}));
      }
    }
  }

  function path(all, key) {
    const {px, py} = view;
    let d = '', pen = false;
    for (const point of all) {
      if (isNumber(point[key])) {
        d += `${pen ? 'L' : 'M'}${px(point.x).toFixed(1)} ${py(point[key]).toFixed(1)}`;
        pen = true;
      } else {
        pen = false;
      }
    }
    return d;
  }

  function nearest(curve, x) {
    let best = null;
    for (const point of curve.points) {
      if (isNumber(point.y) && (!best || Math.abs(point.x - x) < Math.abs(best.x - x))) best = point;
    }
    return best;
  }

  function spoken() {
    return `${spec.title}. ` + curves.slice(0, 6).map(curve => {
      const known = curve.points.filter(point => isNumber(point.y));
      const last = known[known.length - 1];
      return `${curve.label}: from ${spec.format(known[0].y)} to ${spec.format(last.y)}`;
    }).join('; ') + '. Arrow keys read single values.';
  }

  function interact(root, mark) {
    const {width, box, x0, x1} = view;
    const toX = event => {
      const rect = root.getBoundingClientRect();
      const at = (event.clientX - rect.left) * width / rect.width;
      return x0 + (at - box.left) / (width - box.left - box.right) * (x1 - x0);
    };
    let from = null;
    root.addEventListener('pointermove', event => {
      if (from !== null) drag(mark, from, toX(event));
      else show(mark, toX(event));
    });
    root.addEventListener('pointerdown', event => {
      if (event.pointerType === 'mouse' && event.button === 0) {
        from = toX(event);
        root.setPointerCapture(event.pointerId);
        event.preventDefault();
        root.focus({preventScroll: true});
      } else {
        show(mark, toX(event));
      }
    });
    root.addEventListener('pointerup', event => {
      if (from === null) return;
      const to = toX(event), begin = from;
      from = null;
      if (Math.abs(view.px(to) - view.px(begin)) > 8) zoomTo([Math.min(begin, to), Math.max(begin, to)]);
      else show(mark, to);
    });
    root.addEventListener('pointerleave', () => { if (from === null) hide(mark); });
    root.addEventListener('blur', () => hide(mark));
    root.addEventListener('keydown', event => {
      const longest = curves.reduce((a, b) => b.points.length > a.points.length ? b : a);
      const known = longest.points.filter(point => isNumber(point.y));
      let at = cursor === null ? -1 : known.indexOf(nearest(longest, cursor));
      if (event.key === 'ArrowRight') at = Math.min(known.length - 1, at + (event.shiftKey ? 10 : 1));
      else if (event.key === 'ArrowLeft') at = Math.max(0, at - (event.shiftKey ? 10 : 1));
      else if (event.key === 'Home') at = 0;
      else if (event.key === 'End') at = known.length - 1;
      else if (event.key === 'Escape') { if (state.zoom) zoomTo(null); else hide(mark); return; }
      else return;
      event.preventDefault();
      show(mark, known[at].x);
      $('live').textContent = said.join('; ');
    });
  }

  function drag(mark, from, to) {
    const {px, box, height, x0, x1} = view;
    const a = px(Math.max(x0, Math.min(from, to))), b = px(Math.min(x1, Math.max(from, to)));
    tip.hidden = true;
    mark.replaceChildren(svg('rect', {class: 'brush', x: a, width: Math.max(0, b - a), y: box.top, height: height - box.top - box.bottom}));
  }

  function show(mark, x) {
    const {px, py, box, width, height} = view;
    const longest = curves.reduce((a, b) => b.points.length > a.points.length ? b : a);
    const at = nearest(longest, x);
    cursor = at.x;
    mark.replaceChildren(svg('line', {class: 'cross', x1: px(at.x), x2: px(at.x), y1: box.top, y2: height - box.bottom}));
    const rows = [];
    said = [`${axes[state.axis].name} ${axes[state.axis].format(at.x)}`];
    for (const curve of curves) {
      const point = nearest(curve, at.x);
      // Outside of its own steps, a curve has nothing to say here.
      const apart = (curve.points[curve.points.length - 1].x - curve.points[0].x) / Math.max(1, curve.points.length - 1);
      if (!point || Math.abs(px(point.x) - px(at.x)) > 14 || Math.abs(point.x - at.x) > apart) continue;
      mark.append(svg('circle', {cx: px(point.x), cy: py(point.y), r: 3.5, fill: shade(curve), stroke: 'var(--card)'}));
      const range = isNumber(point.min) && point.min !== point.max ? ` (${spec.format(point.min)} to ${spec.format(point.max)})` : '';
      const elsewhere = point.x === at.x ? '' : ` at ${axes[state.axis].format(point.x)}`;
      said.push(`${curve.label}: ${spec.format(point.raw)}${range}${elsewhere}`);
      rows.push(el('div', {}, el('span', {class: 'swatch', style: `background:${shade(curve)}`}),
          ...(curves.length > 1 ? curve.names.map(name => el('span', {class: 'name'}, name)) : []), el('strong', {}, spec.format(point.raw)),
          el('span', {class: 'muted'}, range + elsewhere)));
    }
    tip.replaceChildren(el('div', {class: 'muted'}, `${axes[state.axis].name} ${axes[state.axis].format(at.x)} `), ...rows);
    tip.hidden = false;
    const scale = plot.clientWidth / width;
    const place = px(at.x) * scale;
    const right = place > plot.clientWidth / 2;
    tip.style.left = right ? '' : `${place + 12}px`;
    tip.style.right = right ? `${plot.clientWidth - place + 12}px` : '';
  }

  function hide(mark) {
    mark.replaceChildren();
    tip.hidden = true;
    cursor = null;
  }

  function fillTable() {
    collect();
    if (!curves.length) { table.replaceChildren(); return; }
    const longest = curves.reduce((a, b) => b.points.length > a.points.length ? b : a);
    const known = longest.points.filter(point => isNumber(point.y));
    const some = known.filter((_, i) => known.length <= 40 || i === known.length - 1 || i % Math.ceil(known.length / 40) === 0);
    table.replaceChildren(el('table', {class: 'wide'}, el('caption', {class: 'hidden'}, spec.title),
        el('thead', {}, el('tr', {}, el('th', {class: 'n', scope: 'col'}, axes[state.axis].name),
            ...curves.map(curve => el('th', {class: 'n', scope: 'col'}, curve.label)))),
        el('tbody', {}, ...some.map(row => el('tr', {}, el('td', {class: 'n'}, axes[state.axis].format(row.x)),
            ...curves.map(curve => {
              const point = nearest(curve, row.x);
              const near = point && (point.x === row.x || Math.abs(view.px(point.x) - view.px(row.x)) < 3);
              return el('td', {class: 'n'}, near ? spec.format(point.raw) : '');
            }))))));
  }

  redraws.push(() => { draw(); if (details.open) fillTable(); });
  return figure;
}

function zoomTo(range) {
  state.zoom = range;
  $('whole').hidden = !range;
  redraw();
}

// ---- the curves of a run

const series = key => metrics => metrics.series[key] ? {x: metrics.x, curve: metrics.series[key]} : null;
const validation = key => metrics => metrics.validation ? {x: metrics.validation.x, curve: metrics.validation[key]} : null;
const piece = Math.max(...runs.map(run => run.metrics.piece));

function ratio(key) {
  const values = runs.flatMap(run => run.metrics.series[key] ? run.metrics.series[key].mean : []).filter(value => isNumber(value) && value > 0);
  return values.length ? values.reduce((a, b) => Math.max(a, b)) / values.reduce((a, b) => Math.min(a, b)) : 1;
}

const specs = [
  {title: 'Loss', help: 'Mean cross-entropy, in nats for a token.', format: number, curves: [
    {name: 'training', of: series('loss'), smooth: true}, {name: 'validation', of: validation('loss'), style: 'points'}]},
  {title: 'Gradient norm', help: 'Of all parameters together, before clipping.', format: number, log: ratio('grad_norm') > 20,
    curves: [{name: 'norm', of: series('grad_norm'), smooth: true}]},
  {title: 'Learning rate', help: 'As it was applied.', format: number, fromZero: true, curves: [{name: 'rate', of: series('lr')}]},
  {title: 'Throughput', help: 'Tokens a second, all ranks together.', format: value => number(Math.round(value)), fromZero: true,
    curves: [{name: 'tokens/s', of: series('tokens_per_second'), smooth: true}]},
  {title: 'Utilisation', help: 'Model FLOPs over the peak of the devices (MFU); recompute is not counted.', format: percent, tick: value => +(100 * value).toPrecision(3) + '%',
    fromZero: true, curves: [{name: 'MFU', of: series('mfu'), smooth: true}]},
  {title: 'Time of a step', help: 'In seconds, and how much of it a rank waited for data.', format: value => number(value) + ' s', fromZero: true,
    curves: [{name: 'step', of: series('seconds'), smooth: true}, {name: 'waiting for data', of: series('data_seconds'), style: 'limit'}]},
  {title: 'Received rows and capacity', help: 'Rows that the fullest rank received in one exchange; dashed: what its buffer holds.', format: number, fromZero: true,
    curves: [{name: 'received', of: series('received_rows_max')}, {name: 'capacity', of: series('receive_capacity_rows'), style: 'limit'}]},
  {title: 'Dropped rows', help: 'Of all ranks together, for want of room.', format: number, fromZero: true, curves: [{name: 'dropped', of: series('dropped_rows')}]},
  {title: 'Multi-token prediction', help: 'Mean cross-entropy of each module, without its factor: the first predicts the token after the next one. Not part of the loss.', format: number,
    curves: [1, 2, 3, 4].map(k => ({name: 'module ' + k, of: series('mtp_loss_' + k), smooth: true}))},
  {title: 'Balance loss', help: 'Of the load of experts, without its factor; 1 is even. Not part of the loss.', format: number, curves: [{name: 'balance', of: series('balance_loss'), smooth: true}]},
  {title: 'Router z-loss', help: 'Mean square of the gate’s log-sum-exp, without its factor. Not part of the loss.', format: number, curves: [{name: 'z', of: series('router_z_loss'), smooth: true}]},
  {title: 'Validation perplexity', help: 'The exponential of the validation loss.', format: number, log: true, curves: [{name: 'perplexity', of: validation('perplexity'), style: 'points'}]},
];

// ---- colours of maps

const ramps = {
  even: {light: ['#f1f5f9', '#9ec4e4', '#3a7fb8', '#123c66'], dark: ['#202a36', '#2f5f8c', '#5fa5de', '#d3ebff']},
  load: {light: ['#1d4f8f', '#8ab4da', '#f2f3f3', '#eca35e', '#a33c06'], dark: ['#7fbcff', '#3f6f9f', '#29313b', '#b06a2c', '#ffb877']},
};
let printing = false;
const isDark = () => !printing && document.documentElement.dataset.theme === 'dark';

function mix(ramp, t) {
  const stops = ramps[ramp][isDark() ? 'dark' : 'light'];
  const at = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const a = parseInt(stops[i].slice(1), 16), b = parseInt(stops[i + 1].slice(1), 16);
  return [16, 8, 0].map(shift => Math.round((a >> shift & 255) + (at - i) * ((b >> shift & 255) - (a >> shift & 255))));
}

const gradient = ramp => `linear-gradient(90deg, ${ramps[ramp][isDark() ? 'dark' : 'light'].join(', ')})`;

/** A map of rows and columns as a picture; rows can be chosen with the arrow keys or a click. */
function heatMap(spec) {
  const plot = el('div', {class: 'plot'});
  const tip = el('div', {class: 'tip', hidden: true});
  plot.draw = () => {
    const {rows, columns} = spec.size();
    const width = Math.max(260, plot.clientWidth || 520);
    const box = {left: 52, right: 12, top: 4, bottom: 34};
    const cell = Math.max(spec.least || 3, Math.min(22, Math.floor(330 / rows)));
    const height = box.top + rows * cell + box.bottom;
    const inner = width - box.left - box.right;
    const canvas = el('canvas', {width: columns, height: rows});
    const context = canvas.getContext('2d');
    const image = context.createImageData(columns, rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const rgb = spec.colorOf(row, column), at = 4 * (row * columns + column);
        image.data.set([rgb[0], rgb[1], rgb[2], 255], at);
      }
    }
    context.putImageData(image, 0, 0);
    const root = svg('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', tabindex: '0', 'aria-label': spec.spoken()});
    root.append(svg('image', {href: canvas.toDataURL(), x: box.left, y: box.top, width: inner, height: rows * cell, preserveAspectRatio: 'none'}));
    const every = Math.max(1, Math.ceil(13 / cell), Math.ceil(rows / 16));
    for (let row = 0; row < rows; row += every) {
      root.append(svg('text', {x: box.left - 7, y: box.top + (row + .5) * cell + 4, 'text-anchor': 'end'}, spec.rowName(row)));
    }
    // Each tick stands at the column that has its step.
    const from = spec.stepOf(0)[0], to = spec.stepOf(columns - 1)[1];
    for (const tick of linearTicks(from, to, width < 400 ? 3 : 5)) {
      if (!Number.isInteger(tick)) continue;
      let column = 0;
      while (column < columns - 1 && spec.stepOf(column)[1] < tick) column++;
      const x = box.left + (column + .5) / columns * inner;
      root.append(svg('line', {class: 'axis', x1: x, x2: x, y1: height - box.bottom, y2: height - box.bottom + 4}),
          svg('text', {x, y: height - 18, 'text-anchor': x > width - 30 ? 'end' : 'middle'}, short(tick)));
    }
    root.append(svg('text', {x: width - box.right, y: height - 3, 'text-anchor': 'end'}, 'step'),
        svg('text', {x: box.left - 7, y: height - 18, 'text-anchor': 'end'}, spec.rowKind));
    const mark = svg('rect', {class: 'row', x: box.left, width: inner, height: cell, rx: 2});
    if (spec.chosen) {
      mark.setAttribute('y', box.top + spec.chosen() * cell);
      root.append(mark);
    }
    const say = (row, column) => {
      tip.replaceChildren(...spec.told(row, column).map(line => el('div', {}, line)));
      tip.hidden = false;
      const place = (box.left + (column + .5) / columns * inner) * plot.clientWidth / width;
      const right = place > plot.clientWidth / 2;
      tip.style.left = right ? '' : `${place + 12}px`;
      tip.style.right = right ? `${plot.clientWidth - place + 12}px` : '';
      tip.style.top = `${Math.max(0, (box.top + row * cell) * plot.clientWidth / width - 8)}px`;
    };
    const at = event => {
      const rect = root.getBoundingClientRect();
      const x = (event.clientX - rect.left) * width / rect.width - box.left, y = (event.clientY - rect.top) * width / rect.width - box.top;
      return [Math.min(rows - 1, Math.max(0, Math.floor(y / cell))), Math.min(columns - 1, Math.max(0, Math.floor(x / inner * columns)))];
    };
    let row = spec.chosen ? spec.chosen() : 0, column = columns - 1;
    root.addEventListener('pointermove', event => say(...at(event)));
    root.addEventListener('pointerleave', () => { tip.hidden = true; });
    root.addEventListener('blur', () => { tip.hidden = true; });
    root.addEventListener('pointerdown', event => { [row, column] = at(event); say(row, column); if (spec.choose) spec.choose(row); });
    root.addEventListener('keydown', event => {
      const moves = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      row = Math.min(rows - 1, Math.max(0, row + move[0]));
      column = Math.min(columns - 1, Math.max(0, column + move[1]));
      if (spec.choose && move[0]) { spec.choose(row); plot.querySelector('svg').focus(); }
      say(row, column);
      $('live').textContent = spec.told(row, column).join('; ');
    });
    plot.replaceChildren(root, tip);
  };
  return plot;
}

// ---- experts

function experts() {
  const having = runs.map((run, index) => index).filter(index => runs[index].experts);
  if (!having.length) return;
  state.run = having[0];
  const cells = having.reduce((all, index) => {
    const text = atob(runs[index].experts.cells);
    all[index] = Uint8Array.from(text, letter => letter.charCodeAt(0));
    return all;
  }, {});
  const map = () => runs[state.run].experts;
  const columns = () => map().first_step.length;
  const steps = column => [map().first_step[column], map().last_step[column]];
  const stepText = column => { const [a, b] = steps(column); return a === b ? `step ${number(a)}` : `steps ${number(a)} to ${number(b)}`; };
  const load = (layer, expert, column) => Math.expm1(cells[state.run][(layer * map().experts + expert) * columns() + column] / 255 * Math.log1p(map().experts));
  const highest = () => Math.max(1.01, ...map().imbalance.flat());

  const overview = heatMap({
    rowKind: 'layer',
    size: () => ({rows: map().layers.length, columns: columns()}),
    colorOf: (row, column) => state.measure === 'imbalance' ? mix('even', (map().imbalance[row][column] - 1) / (highest() - 1)) : mix('even', 1 - map().entropy[row][column]),
    rowName: row => map().layers[row],
    stepOf: steps,
    chosen: () => state.layer,
    choose: row => { state.layer = row; drawAll(); },
    told: (row, column) => [`layer ${map().layers[row]}, ${stepText(column)}`, `fullest expert: ${number(map().imbalance[row][column])} × the mean`
        + (columns() > 0 && map().imbalance_max[row][column] > map().imbalance[row][column] ? `, at most ${number(map().imbalance_max[row][column])}` : ''),
      `entropy: ${percent(map().entropy[row][column])} of an even load`],
    spoken: () => `Balance of experts: ${map().layers.length} layers over ${columns()} columns of steps. Arrow keys read single values; up and down choose the layer that is shown below.`,
  });
  const detail = heatMap({
    rowKind: 'expert', least: 2,
    size: () => ({rows: map().experts, columns: columns()}),
    colorOf: (row, column) => mix('load', (Math.log2(Math.max(.25, Math.min(4, load(state.layer, row, column)))) + 2) / 4),
    rowName: row => row,
    stepOf: steps,
    told: (row, column) => [`layer ${map().layers[state.layer]}, expert ${row}, ${stepText(column)}`, `${number(+load(state.layer, row, column).toPrecision(2))} × the mean load`],
    spoken: () => `Load of the ${map().experts} experts of layer ${map().layers[state.layer]} over ${columns()} columns of steps. Arrow keys read single values.`,
  });
  const rampA = el('div', {class: 'ramp'}), rampB = el('div', {class: 'ramp'});
  const ticksA = el('div', {class: 'ticks'});
  const layerTitle = el('h3', {});
  const layerSelect = el('select', {'aria-label': 'Layer', onchange: event => { state.layer = Number(event.target.value); drawAll(); }});
  const runSelect = el('select', {'aria-label': 'Run', onchange: event => { state.run = Number(event.target.value); state.layer = 0; drawAll(); }},
      ...having.map(index => el('option', {value: index}, runs[index].name)));
  const measure = el('select', {'aria-label': 'Measure', onchange: event => { state.measure = event.target.value; drawAll(); }},
      el('option', {value: 'imbalance'}, 'fullest expert'), el('option', {value: 'entropy'}, 'entropy'));
  const help = el('p', {class: 'muted small'});
  const table = el('div', {class: 'scroll'});
  const details = el('details', {ontoggle: () => fill()}, el('summary', {}, 'Table of values'), table);

  function fill() {
    if (!details.open) return;
    const last = columns() - 1;
    table.replaceChildren(el('table', {class: 'wide'}, el('caption', {class: 'hidden'}, 'Balance of experts by layer'),
        el('thead', {}, el('tr', {}, ...['layer', 'fullest, first', 'fullest, last', 'entropy, first', 'entropy, last'].map(name => el('th', {class: 'n', scope: 'col'}, name)))),
        el('tbody', {}, ...map().layers.map((layer, row) => el('tr', {}, ...[layer, number(map().imbalance[row][0]) + ' ×', number(map().imbalance[row][last]) + ' ×',
          percent(map().entropy[row][0]), percent(map().entropy[row][last])].map(value => el('td', {class: 'n'}, String(value))))))));
  }

  function drawAll() {
    const most = highest();
    ticksA.replaceChildren(...(state.measure === 'imbalance' ? [1, (1 + most) / 2, most].map(value => number(+value.toPrecision(3)) + ' ×') : ['100%', '50%', '0%']).map(text => el('span', {}, text)));
    help.textContent = (state.measure === 'imbalance' ? 'Load of the fullest expert of each layer, as a multiple of the mean: 1 × is even.'
        : 'Entropy of the load of each layer’s experts, as a part of the largest: 100% is even.') + ' Choose a layer to see its experts.';
    layerTitle.textContent = `Layer ${map().layers[state.layer]}: load of its experts`;
    layerSelect.replaceChildren(...map().layers.map((layer, row) => el('option', {value: row, selected: row === state.layer}, `layer ${layer}`)));
    rampA.style.background = gradient('even');
    rampB.style.background = gradient('load');
    overview.draw();
    detail.draw();
    fill();
  }

  $('experts').append(el('h2', {}, 'Experts'), el('div', {class: 'grid'},
      el('figure', {class: 'card'}, el('div', {class: 'bar'}, el('h3', {}, 'Balance of each layer'),
          el('div', {class: 'right'}, having.length > 1 ? runSelect : null, measure)), help, overview,
      el('div', {class: 'scale'}, el('div', {class: 'stack'}, rampA, ticksA)), details),
      el('figure', {class: 'card'}, el('div', {class: 'bar'}, layerTitle, el('div', {class: 'right'}, layerSelect)),
          el('p', {class: 'muted small'}, 'Tokens of each expert, as a multiple of the mean of the layer: blue has less than its share, orange more.'),
          detail, el('div', {class: 'scale'}, el('div', {class: 'stack'}, rampB,
              el('div', {class: 'ticks'}, ...['≤ ¼', '½', '1 ×', '2', '≥ 4'].map(text => el('span', {}, text))))))));
  redraws.push(drawAll);
}

// ---- summary, memory, settings

function summary() {
  const facts = run => {
    const m = run.metrics, s = m.summary, v = m.validation;
    const losses = v ? v.loss.mean.filter(isNumber) : [];
    return {
      steps: isNumber(s.last_step) ? number(s.last_step) : '0',
      tokens: isNumber(s.tokens) ? short(s.tokens) : '–',
      time: duration(s.hours),
      'last loss': number(s.last_loss),
      'lowest loss': isNumber(s.lowest_loss) ? `${number(s.lowest_loss)}` : '–',
      'validation loss': losses.length ? number(losses[losses.length - 1]) : '–',
      'tokens/s': m.series.tokens_per_second ? number(Math.round(median(m.series.tokens_per_second.mean))) : '–',
      MFU: m.series.mfu ? percent(median(m.series.mfu.mean)) : '–',
    };
  };
  if (runs.length === 1) {
    const all = Object.entries(facts(runs[0])).filter(([, value]) => value !== '–');
    $('summary').append(el('div', {class: 'cards'}, ...all.map(([name, value]) =>
        el('div', {class: 'card'}, el('div', {class: 'value'}, value), el('div', {class: 'muted small'}, name)))));
    return;
  }
  const names = Object.keys(facts(runs[0]));
  $('summary').append(el('div', {class: 'card'}, el('div', {class: 'scroll'}, el('table', {class: 'wide'}, el('caption', {class: 'hidden'}, 'Runs'),
      el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'run'), ...names.map(name => el('th', {class: 'n', scope: 'col'}, name)))),
      el('tbody', {}, ...runs.map((run, index) => el('tr', {}, el('td', {class: 'key'}, el('span', {class: 'swatch', style: `background:${color(index)};margin-right:8px;vertical-align:middle`}), run.name),
          ...Object.values(facts(run)).map(value => el('td', {class: 'n'}, value)))))))));
}

function memory() {
  const having = runs.map((run, index) => ({run, index})).filter(({run}) => run.run && run.run.memory_bytes_of_a_rank);
  if (!having.length) return;
  const of = (each, purpose) => Number(each.run.run.memory_bytes_of_a_rank[purpose]) || 0;
  const purposes = [...new Set(having.flatMap(each => Object.keys(each.run.run.memory_bytes_of_a_rank)))];
  const total = each => purposes.reduce((sum, purpose) => sum + of(each, purpose), 0);
  const most = purpose => Math.max(...having.map(each => of(each, purpose)));
  purposes.sort((a, b) => most(b) - most(a));
  const largest = most(purposes[0]);
  const shown = purposes.filter(purpose => most(purpose) >= largest / 50).slice(0, 14);
  const rest = purposes.filter(purpose => !shown.includes(purpose));
  const same = value => having.length > 1 && having.every(each => value(each) === value(having[0]));
  const track = (each, value, fill) => el('div', {class: 'track'}, el('div', {class: 'fill', style: `width:${Math.max(.4, 60 * Math.min(1, value / largest))}%;background:${fill || color(each.index)}`}),
      el('span', {}, bytes(value)));
  const rows = shown.map(purpose => [purpose, each => of(each, purpose)])
      .concat(rest.length ? [[`${rest.length} others`, each => rest.reduce((sum, purpose) => sum + of(each, purpose), 0)]] : []);
  $('memory').append(el('h2', {}, 'Memory'), el('figure', {class: 'card'},
      el('div', {class: 'bar'}, el('h3', {}, 'Memory of a rank, by purpose'), el('span', {class: 'muted small'},
          having.map(each => (runs.length > 1 ? each.run.name + ': ' : '') + bytes(total(each))).join(', '))),
      el('p', {class: 'muted small'}, 'Planned before the first step, and never more than this.' + (having.length > 1 ? ' Grey: the same in all runs.' : '')),
      el('div', {class: 'mem'}, ...rows.flatMap(([name, value]) => [el('div', {}, name), el('div', {class: 'stack'}, ...(same(value) ? [track(having[0], value(having[0]), 'var(--muted)')] : having.map(each => track(each, value(each)))))])),
      el('details', {}, el('summary', {}, 'Table of values'), el('div', {class: 'scroll'}, el('table', {class: 'wide'}, el('caption', {class: 'hidden'}, 'Memory by purpose'),
          el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'purpose'), ...having.map(each => el('th', {class: 'n', scope: 'col'}, runs.length > 1 ? each.run.name : 'bytes')))),
          el('tbody', {}, ...purposes.map(purpose => el('tr', {}, el('td', {class: 'key'}, purpose), ...having.map(each => el('td', {class: 'n'}, grouped(of(each, purpose))))))))))));
}

function settings() {
  const keys = [...new Set(runs.flatMap(run => Object.keys(run.config)))].sort();
  const differs = key => new Set(runs.map(run => run.config[key])).size > 1;
  if (keys.length) {
    const body = el('tbody', {});
    const search = el('input', {type: 'search', placeholder: 'find a key', 'aria-label': 'Find a key', oninput: fill});
    const only = el('input', {type: 'checkbox', onchange: fill});
    only.checked = runs.length > 1 && keys.some(differs);
    function fill() {
      const text = search.value.trim().toLowerCase();
      body.replaceChildren(...keys.filter(key => (!only.checked || differs(key)) && (key + ' ' + runs.map(run => run.config[key]).join(' ')).toLowerCase().includes(text))
          .map(key => el('tr', {class: differs(key) ? 'differs' : ''}, el('td', {class: 'key'}, ...breakable(key)),
              ...runs.map(run => el('td', {class: 'val'}, run.config[key] === undefined ? '–' : run.config[key] === '' ? '(empty)' : run.config[key])))));
    }
    fill();
    $('settings').append(el('h2', {}, 'Configuration'), el('div', {class: 'card'}, el('div', {class: 'bar'}, search,
        runs.length > 1 ? el('label', {}, only, 'only what differs') : null),
    el('div', {class: 'scroll'}, el('table', {class: 'wide'}, el('caption', {class: 'hidden'}, 'Configuration'),
        el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'key'), ...runs.map(run => el('th', {scope: 'col'}, runs.length > 1 ? run.name : 'value')))), body))));
  }
  const described = runs.filter(run => run.run);
  if (described.length) {
    const text = value => Array.isArray(value) ? value.join(', ') : value && typeof value === 'object' ? Object.entries(value).map(([a, b]) => `${a}: ${b}`).join(', ') : isNumber(value) ? number(value) : String(value ?? '–');
    const machine = run => run.run.machine || {};
    const rows = [['model', run => run.run.model], ['parameters', run => run.run.parameters], ['active for a token', run => run.run.active_parameters], ['ranks', run => run.run.ranks],
      ['devices of the first process', run => run.run.devices], ['plug-ins', run => run.run.plugins], ['system', run => machine(run).system], ['cores', run => machine(run).cores],
      ['Java', run => machine(run).java], ['heap of the JVM', run => bytes(machine(run).heap_bytes)], ['started', run => run.run.started], ['folder', run => run.folder]];
    $('settings').append(el('h2', {}, 'Model and machine'), el('div', {class: 'card'}, el('div', {class: 'scroll'}, el('table', {class: 'wide'}, el('caption', {class: 'hidden'}, 'Model and machine'),
        runs.length > 1 ? el('thead', {}, el('tr', {}, el('th', {}), ...described.map(run => el('th', {scope: 'col'}, run.name)))) : null,
        el('tbody', {}, ...rows.map(([name, value]) => el('tr', {}, el('td', {class: 'key muted'}, name), ...described.map(run => el('td', {class: 'val'}, text(value(run)))))))))));
  }
}

// ---- controls

function controls() {
  const known = Object.keys(axes).filter(axis => runs.every(run => run.metrics.x[axis] || !run.metrics.steps));
  const names = {step: 'steps', tokens: 'tokens', hours: 'time'};
  const axis = el('select', {onchange: event => { state.axis = event.target.value; zoomTo(null); }}, ...known.map(each => el('option', {value: each}, names[each])));
  const smooth = el('select', {onchange: event => { state.smooth = Number(event.target.value); redraw(); }},
      el('option', {value: 0}, 'none'), el('option', {value: .8}, 'some'), el('option', {value: .97}, 'much'));
  const theme = el('button', {type: 'button', onclick: () => { setTheme(isDark() ? 'light' : 'dark'); redraw(); }}, 'light / dark');
  const whole = el('button', {type: 'button', id: 'whole', hidden: true, onclick: () => zoomTo(null)}, 'show the whole run');
  $('controls').append(el('label', {}, 'over', axis), el('label', {}, 'smoothing', smooth), theme, whole);
  if (runs.length > 1) {
    runs.forEach((run, index) => {
      const box = el('input', {type: 'checkbox', onchange: event => { state.shown[index] = event.target.checked; redraw(); }});
      box.checked = true;
      $('legend').append(el('label', {}, box, el('span', {class: 'swatch', style: `background:${color(index)}`}), run.name));
    });
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

// ---- the page

const dark = matchMedia('(prefers-color-scheme: dark)');
setTheme(dark.matches ? 'dark' : 'light');
dark.addEventListener('change', event => { setTheme(event.matches ? 'dark' : 'light'); redraw(); });
$('title').textContent = runs.length === 1 ? runs[0].name : `${runs.length} runs`;
const models = [...new Set(runs.map(run => run.run && run.run.model).filter(Boolean))];
$('subtitle').textContent = [models.join(', '), `${number(runs.reduce((sum, run) => sum + run.metrics.steps, 0))} steps recorded`,
  piece > 1 ? `of every ${piece} steps, curves show the mean, and the shade reaches from the smallest to the largest value` : null].filter(Boolean).join(' · ');
$('footer').textContent = `Made by moe4j, ${data.made.replace('T', ' ').replace('Z', ' UTC')}. This file loads nothing from elsewhere. Drag over a curve to see a part of it; Escape shows all again.`;
for (const run of runs) {
  for (const note of run.notes) $('notes').append(el('p', {class: 'note'}, (runs.length > 1 ? run.name + ': ' : '') + note));
  if (!run.metrics.steps) $('notes').append(el('p', {class: 'note'}, run.name + ' has not made a step yet'));
}
/** What a damaged file spoils is left out, and told; the rest of the page stays. */
function show(name, part) {
  try {
    part();
  } catch (failure) {
    $('notes').append(el('p', {class: 'note'}, `${name} cannot be shown: ${failure.message}`));
  }
}

show('the controls', controls);
show('the summary', summary);
const used = specs.filter(spec => runs.some(run => run.metrics.steps && spec.curves.some(part => part.of(run.metrics))));
if (used.length) $('charts').append(el('div', {class: 'grid'}, ...used.map(chart)));
show('the load of experts', experts);
show('the memory', memory);
show('the configuration', settings);
redraw();
let width = innerWidth, timer = 0;
addEventListener('resize', () => {
  if (innerWidth === width) return;
  width = innerWidth;
  clearTimeout(timer);
  timer = setTimeout(redraw, 80);
});
addEventListener('beforeprint', () => { printing = true; redraw(); });
addEventListener('afterprint', () => { printing = false; redraw(); });
document.documentElement.dataset.ready = 'true';
})();
