// The latent playground: sliders, morph and samples, decoded in a worker. Until the worker has answered once, and
// without JavaScript, pictures stand in their place.
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("playground-data").textContent);
  const status = document.getElementById("playground-status");
  const MADE_UP = 6;

  /** Float32Array from base64 of little-endian numbers. */
  function floats(text) {
    const view = new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
    return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }

  const mean = floats(data.mean);
  const directions = data.directions.map(floats); // one standard deviation long each
  const faces = data.faces.map(floats);

  const waiting = new Map();
  let asked = 0;
  let worker;

  /** The picture of a code: {channels, height, width, pixels}. */
  function decode(code) {
    return new Promise((resolve) => {
      waiting.set(++asked, resolve);
      worker.postMessage({ id: asked, code: Float32Array.from(code) });
    });
  }

  function start() {
    const source = document.getElementById("decoder-source").textContent;
    worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    worker.onmessage = ({ data: picture }) => {
      waiting.get(picture.id)(picture);
      waiting.delete(picture.id);
    };
    worker.onerror = () => {
      show(false);
      status.textContent = "The decoder does not run in this browser; pictures stand in its place.";
    };
    const { operations, type, factors, weights, code } = data;
    worker.postMessage({ operations, type, factors, weights, code });
  }

  /** The live playground, or the pictures in its place. */
  function show(live) {
    for (const part of document.querySelectorAll("#playground .live")) part.hidden = !live;
    for (const part of document.querySelectorAll("#playground .still")) part.hidden = live;
  }

  function draw(canvas, picture, x = 0, y = 0) {
    const { channels, height, width, pixels } = picture;
    const area = width * height;
    const image = new ImageData(width, height);
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * pixels[channels === 3 ? c * area + i : i];
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, x * width, y * height);
  }

  /** A function that draws a code on a canvas; of codes that come faster than they are decoded, the last. */
  function painter(canvas) {
    let next = null;
    let busy = false;
    return async (code) => {
      next = code;
      if (busy) return;
      busy = true;
      while (next) {
        const code = next;
        next = null;
        draw(canvas, await decode(code));
      }
      busy = false;
    };
  }

  const byId = (id) => document.getElementById(id);

  function setUpDirections() {
    const paint = painter(byId("directions-canvas"));
    const from = byId("start");
    const sliders = [...document.querySelectorAll(".sliders input")];
    const update = () => {
      const code = Float32Array.from(from.value === "-1" ? mean : faces[from.value]);
      sliders.forEach((slider, k) => {
        const steps = Number(slider.value);
        const text = `${steps > 0 ? "+" : steps < 0 ? "−" : ""}${Math.abs(steps).toFixed(1)} sd`;
        slider.setAttribute("aria-valuetext", `${steps.toFixed(1)} standard deviations`);
        slider.nextElementSibling.textContent = text;
        directions[k].forEach((value, i) => (code[i] += steps * value));
      });
      return paint(code);
    };
    for (const slider of sliders) slider.addEventListener("input", update);
    from.addEventListener("change", update);
    byId("reset").addEventListener("click", () => {
      for (const slider of sliders) slider.value = 0;
      update();
    });
    return update();
  }

  function setUpMorph() {
    const paint = painter(byId("morph-canvas"));
    const way = byId("way");
    const update = () => {
      const ends = [0, 1].map((side) => faces[document.querySelector(`input[name="end-${side}"]:checked`).value]);
      const share = way.value / 100;
      way.nextElementSibling.textContent = `${way.value} %`;
      way.setAttribute("aria-valuetext", `${way.value} percent of the way`);
      return paint(ends[0].map((value, i) => value + share * (ends[1][i] - value)));
    };
    way.addEventListener("input", update);
    for (const face of document.querySelectorAll(".faces input")) face.addEventListener("change", update);
    return update();
  }

  /** Numbers from N(0, 1) by a seed: mulberry32 and Box-Muller. */
  function normal(seed) {
    let state = seed;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
    };
    return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  }

  function setUpSamples() {
    let seed = 0;
    const update = async () => {
      const drawn = ++seed;
      byId("drawn").textContent = `draw ${drawn}`;
      const noise = normal(drawn);
      for (let i = 0; i < MADE_UP; i++) {
        const fitted = Float32Array.from(mean);
        for (const direction of directions) {
          const steps = noise();
          direction.forEach((value, j) => (fitted[j] += steps * value));
        }
        const codes = { prior: mean.map(() => noise()), fitted };
        for (const [name, code] of Object.entries(codes)) {
          const picture = await decode(code);
          if (drawn !== seed) return; // another draw was asked for meanwhile
          draw(byId(`${name}-canvas`), picture, i % 3, Math.floor(i / 3));
        }
      }
    };
    byId("draw").addEventListener("click", update);
    return update();
  }

  try {
    start();
    decode(mean).then(() => {
      show(true);
      return Promise.all([setUpDirections(), setUpMorph(), setUpSamples()]);
    });
    window.autofaces = { decode }; // for the console, and for the test against PyTorch
  } catch {
    status.textContent = "The decoder does not run in this browser; pictures stand in its place.";
  }
})();
