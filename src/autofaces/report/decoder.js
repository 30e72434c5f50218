// Runs a decoder: a chain of operations from a code to an image. The page starts it as a worker, off its main thread.
// First message: {operations, type, factors, weights (base64), code (shape)}. Then {id, code} each; the answer is {id,
// channels, height, width, pixels}, pixels a Float32Array (channels, height, width) in [0, 1].
"use strict";

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** Numbers from base64 of little-endian int16 or float32. */
function numbers(text, type) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  if (type === "float32") return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true));
}

/** Each input pixel adds its kernel, stride apart, to the output; weight (in, out, k, k). */
function convTranspose(x, step) {
  const [inner, outer, k] = step.shape;
  const { stride, padding } = step;
  const height = (x.height - 1) * stride - 2 * padding + k + step.output_padding;
  const width = (x.width - 1) * stride - 2 * padding + k + step.output_padding;
  const y = new Float32Array(outer * height * width);
  if (step.bias) for (let o = 0; o < outer; o++) y.fill(step.bias[o], o * height * width, (o + 1) * height * width);
  // input rows (and columns) whose kernel place `at` lands inside the output
  const range = (at, from, to) => [
    Math.max(0, Math.ceil((padding - at) / stride)),
    Math.min(from, Math.floor((to - 1 + padding - at) / stride) + 1),
  ];
  const rows = Array.from({ length: k }, (_, at) => range(at, x.height, height));
  const columns = Array.from({ length: k }, (_, at) => range(at, x.width, width));
  for (let i = 0; i < inner; i++) {
    for (let o = 0; o < outer; o++) {
      for (let ky = 0; ky < k; ky++) {
        for (let kx = 0; kx < k; kx++) {
          const weight = step.weight[((i * outer + o) * k + ky) * k + kx];
          for (let row = rows[ky][0]; row < rows[ky][1]; row++) {
            const from = (i * x.height + row) * x.width;
            const to = (o * height + row * stride + ky - padding) * width + kx - padding;
            for (let column = columns[kx][0]; column < columns[kx][1]; column++) {
              y[to + column * stride] += weight * x.data[from + column];
            }
          }
        }
      }
    }
  }
  return { channels: outer, height, width, data: y };
}

/** Weight (out, in). */
function linear(x, step) {
  const [outer, inner] = step.shape;
  const y = new Float32Array(outer);
  for (let o = 0; o < outer; o++) {
    let sum = step.bias ? step.bias[o] : 0;
    for (let i = 0; i < inner; i++) sum += step.weight[o * inner + i] * x.data[i];
    y[o] = sum;
  }
  return { channels: outer, height: 1, width: 1, data: y };
}

const each = (f) => (x, step) => ({ ...x, data: x.data.map((value) => f(value, step)) });

const KINDS = {
  conv_transpose: convTranspose,
  linear,
  reshape: (x, { shape: [channels, height, width] }) => ({ channels, height, width, data: x.data }),
  selu: each((v) => SELU_SCALE * (v > 0 ? v : SELU_ALPHA * Math.expm1(v))),
  relu: each((v) => Math.max(v, 0)),
  leaky_relu: each((v, step) => (v > 0 ? v : step.slope * v)),
  sigmoid: each((v) => 1 / (1 + Math.exp(-v))),
};

/** The operations with their own weights, which follow each other in one list, each times its factor. */
function withWeights(operations, all, factors) {
  let at = 0;
  let taken = 0;
  const take = (count) => {
    const factor = factors[taken++];
    return all.subarray(at, (at += count)).map((value) => factor * value);
  };
  return operations.map((step) => {
    if (step.kind !== "conv_transpose" && step.kind !== "linear") return step;
    const weight = take(step.shape.reduce((a, b) => a * b));
    const outer = step.kind === "linear" ? step.shape[0] : step.shape[1];
    return { ...step, weight, bias: step.bias ? take(outer) : null };
  });
}

let steps;
let shape;

onmessage = ({ data: message }) => {
  if (message.operations) {
    steps = withWeights(message.operations, numbers(message.weights, message.type), message.factors);
    shape = message.code;
    return;
  }
  const [channels, height = 1, width = 1] = shape;
  let x = { channels, height, width, data: message.code };
  for (const step of steps) x = KINDS[step.kind](x, step);
  const answer = { id: message.id, channels: x.channels, height: x.height, width: x.width, pixels: x.data };
  postMessage(answer, [x.data.buffer]);
};
