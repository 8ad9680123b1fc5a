/// The projection that turns: the shell of what is laid over, drawn nearest voxel first, from wherever one drags it.
///
/// It is made from the voxels that the slice viewer has read, so it adds nothing to the size of a page.
enum TurntableScript {
  static let text = """
    const turntable = (viewer, { shape, spacing, colors }, image, overlay) => {
      const canvas = viewer.querySelector(".turntable canvas");
      if (!canvas || !overlay) return;
      const [nx, ny, nz] = shape, strides = [1, nx, nx * ny];
      const places = [], lights = [], kinds = [], low = [...shape], high = [0, 0, 0];
      let p = 0;
      for (let k = 0; k < nz; k++) for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++, p++) {
        if (!overlay[p]) continue;
        const at = [i, j, k];
        const inside = at.every((n, axis) => n > 0 && n < shape[axis] - 1
          && overlay[p - strides[axis]] === overlay[p] && overlay[p + strides[axis]] === overlay[p]);
        if (inside) continue;
        places.push(...at); lights.push(0.6 + 0.4 * image[p] / 255); kinds.push(overlay[p] - 1);
        at.forEach((n, axis) => { low[axis] = Math.min(low[axis], n); high[axis] = Math.max(high[axis], n); });
      }
      const points = Float32Array.from(places, (n, q) => (n - (low[q % 3] + high[q % 3]) / 2) * spacing[q % 3]);
      let around = 1e-6, above = 0;
      for (let n = 0; n < points.length; n += 3) {
        around = Math.max(around, Math.hypot(points[n], points[n + 1]));
        above = Math.max(above, Math.abs(points[n + 2]));
      }
      const reach = Math.hypot(around, above);
      const context = canvas.getContext("2d");
      const width = canvas.width, height = canvas.height, scale = 0.49 * Math.min(width / around, height / (above + 0.4 * around));
      const dot = Math.max(1, Math.ceil(scale * Math.max(...spacing)));
      const picture = context.createImageData(width, height), depths = new Float32Array(width * height);
      let yaw = 0, pitch = 0.2;
      const draw = () => {
        const data = picture.data, [cy, sy] = [Math.cos(yaw), Math.sin(yaw)], [cp, sp] = [Math.cos(pitch), Math.sin(pitch)];
        depths.fill(-Infinity);
        for (let q = 0; q < data.length; q += 4) { data[q] = 11; data[q + 1] = 11; data[q + 2] = 13; data[q + 3] = 255; }
        for (let n = 0; n < kinds.length; n++) {
          const x = points[3 * n], y = points[3 * n + 1], z = points[3 * n + 2];
          // Seen from the front: the patient's right is on the left, what is nearer has the greater depth.
          const side = x * cy - y * sy, toward = x * sy + y * cy;
          const depth = toward * cp + z * sp, up = z * cp - toward * sp;
          const left = Math.round(width / 2 - scale * side - dot / 2), top = Math.round(height / 2 - scale * up - dot / 2);
          const light = lights[n] * (0.75 + 0.25 * depth / reach), color = colors[kinds[n]];
          // As in the still projections a true positive hides a false one: rims are a matter of half a voxel.
          const order = depth - 4 * reach * kinds[n];
          for (let v = Math.max(0, top); v < Math.min(height, top + dot); v++) {
            for (let u = Math.max(0, left); u < Math.min(width, left + dot); u++) {
              const pixel = v * width + u;
              if (depths[pixel] >= order) continue;
              depths[pixel] = order;
              for (let c = 0; c < 3; c++) data[4 * pixel + c] = color[c] * light;
            }
          }
        }
        context.putImageData(picture, 0, 0);
      };
      const turning = viewer.querySelector(".turning");
      let last;
      const turn = time => {
        if (!turning.checked) { last = undefined; return; }
        if (last !== undefined) { yaw += (time - last) / 4000; draw(); }
        last = time; requestAnimationFrame(turn);
      };
      turning.addEventListener("change", () => requestAnimationFrame(turn));
      canvas.addEventListener("pointerdown", event => canvas.setPointerCapture(event.pointerId));
      canvas.addEventListener("pointermove", event => {
        if (!event.buttons) return;
        yaw += event.movementX / 150;
        pitch = Math.max(-1.57, Math.min(1.57, pitch + event.movementY / 150));
        draw();
      });
      viewer.addEventListener("keydown", event => {
        if (event.key === "t") { turning.checked = !turning.checked; requestAnimationFrame(turn); }
      });
      draw();
    };

    """
}
