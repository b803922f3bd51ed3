"use strict";

// A IIIF layer for Leaflet: asks the image server for the tiles that its info.json offers.
const IIIFLayer = L.GridLayer.extend({
  initialize(info) {
    this.info = info;
    const tile = info.tiles[0];
    this.side = tile.width;
    this.deepest = Math.max(0, Math.ceil(Math.log2(Math.max(info.width, info.height) / this.side)));
    L.GridLayer.prototype.initialize.call(this, {
      tileSize: this.side, noWrap: true, minZoom: 0, maxZoom: this.deepest + 1, maxNativeZoom: this.deepest,
    });
  },
  bounds(map) {
    const corner = map.unproject([this.info.width, this.info.height], this.deepest);
    return L.latLngBounds([[0, 0], corner]);
  },
  _clampZoom() { // the level above rather than the nearest: pictures are scaled down, never up
    return Math.min(this.deepest, Math.max(0, Math.ceil(this._map.getZoom() - 0.1)));
  },
  _isValidTile(at) {
    const step = this.side * 2 ** (this.deepest - at.z);
    return at.x >= 0 && at.y >= 0 && at.x * step < this.info.width && at.y * step < this.info.height;
  },
  createTile(at, done) {
    const scale = 2 ** (this.deepest - at.z), step = this.side * scale;
    const x = at.x * step, y = at.y * step;
    const width = Math.min(step, this.info.width - x), height = Math.min(step, this.info.height - y);
    const across = Math.ceil(width / scale), down = Math.ceil(height / scale);
    const image = document.createElement("img");
    image.alt = "";
    image.onload = () => {
      const grown = parseInt(image.style.width, 10) / this.side; // Leaflet sets the size of a whole tile
      image.style.width = `${across * grown + 1}px`; // a pixel over the next tile: no seams between zoom levels
      image.style.height = `${down * grown + 1}px`;
      done(null, image);
    };
    image.onerror = () => done(new Error("no tile"), image);
    image.src = `${this.info.id}/${x},${y},${width},${height}/${across},${down}/0/default.jpg`;
    return image;
  },
});

const COLOURS = ["#1d5b79", "#c0632c", "#6a8d73", "#b89a4c", "#7d6b91", "#48727f", "#a85751", "#8a8f98"];
const place = (id) => document.getElementById(id);
const make = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
let map, shown;
let fit = () => {};
new ResizeObserver(() => fit()).observe(place("viewer"));

function show(work) {
  shown = work;
  for (const button of document.querySelectorAll("nav button")) button.setAttribute("aria-current", button.dataset.asset === work.asset);
  place("title").textContent = work.title;
  place("story").textContent = work.story;
  place("facts").replaceChildren(...Object.entries(work.facts).map(([name, value]) => {
    const pair = make("div");
    pair.append(make("dt", name), make("dd", value));
    return pair;
  }));
  showSteps(work.steps);
  place("thumbs").replaceChildren(...work.thumbs.slice(-3).map((thumb) => {
    const figure = make("figure");
    const link = make("a", "", { href: thumb.url, target: "_blank" });
    link.append(make("img", "", { src: thumb.url, alt: `${work.title}, ${thumb.width} by ${thumb.height}` }));
    figure.append(link, make("figcaption", `${thumb.width} × ${thumb.height}`));
    return figure;
  }));
  if (map) map.remove();
  map = undefined;
  fit = () => {};
  place("viewer").replaceChildren();
  if (work.service) openImage(work);
  else place("viewer").append(make("div", `Refused: ${work.error}`, { className: "refusal" }));
}

async function openImage(work) {
  const info = await (await fetch(`${work.service}/info.json`)).json();
  if (shown !== work) return; // somebody was quicker
  map = L.map("viewer", { crs: L.CRS.Simple, zoomSnap: 0.05, zoomDelta: 0.5, attributionControl: false, minZoom: -2 });
  const layer = new IIIFLayer(info);
  const bounds = layer.bounds(map);
  map.setMaxBounds(bounds.pad(0.4));
  fit = () => { map.invalidateSize({ animate: false }); map.fitBounds(bounds, { animate: false, padding: [14, 14] }); };
  fit();
  const keepPlace = () => { fit = () => map && map.invalidateSize(); }; // once somebody has moved, stay there
  for (const moved of ["pointerdown", "wheel"]) place("viewer").addEventListener(moved, keepPlace, { once: true });
  layer.on("load", () => { document.body.dataset.ready = work.asset; });
  layer.addTo(map);
}

function showSteps(steps) {
  const total = steps.reduce((sum, step) => sum + step.seconds, 0);
  const bar = make("div", "", { className: "bar" }), legend = make("div", "", { className: "legend" });
  steps.forEach((step, number) => {
    const colour = COLOURS[number % COLOURS.length];
    const piece = make("i");
    piece.style.cssText = `background:${colour};flex:${step.seconds / total}`;
    bar.append(piece);
    const entry = make("span"), mark = make("i");
    mark.style.background = colour;
    entry.append(mark, `${step.name} ${step.seconds.toFixed(2)} s`);
    legend.append(entry);
  });
  place("steps").replaceChildren(...(total ? [bar, legend] : []));
}

async function start() {
  const demo = await (await fetch("demo.json")).json();
  const summary = place("summary");
  summary.append(make("b", demo.headline), ` ${demo.rest}`);
  place("works").replaceChildren(...demo.works.map((work) => {
    const button = make("button", "", { onclick: () => show(work) });
    button.dataset.asset = work.asset;
    const small = work.thumbs.findLast((thumb) => thumb.width >= 120) || work.thumbs[0];
    const words = make("span");
    words.append(make("b", work.title), make("small", work.error ? "refused" : work.story, { className: work.error ? "bad" : "" }));
    button.append(small ? make("img", "", { src: small.url, alt: "" }) : make("span", "∅", { className: "none" }), words);
    return button;
  }));
  const asked = location.hash.slice(1);
  show(demo.works.find((work) => work.asset === asked) || demo.works[0]);
}

start();
