/// The slice viewer: reads the atlas into one array of voxels and cuts the three planes through the crosshair.
///
/// The planes are drawn as radiologists hang them: the patient's right on the left of the screen, front and head up.
enum ViewerScript {
  static let text = """
    for (const viewer of document.querySelectorAll(".viewer")) {
      const settings = JSON.parse(viewer.dataset.settings);
      const { shape, spacing, start, columns, colors } = settings;
      const [nx, ny, nz] = shape, size = nx * ny;
      const cross = [...start];
      let image, overlay, showOverlay = true, showCross = true, active = 2;
      const opacity = viewer.querySelector(".opacity");
      const bright = viewer.querySelector(".bright"), dark = viewer.querySelector(".dark");

      // The picture is drawn once, whole: drawing it slice by slice would decode it each time.
      const read = picture => {
        const canvas = document.createElement("canvas");
        canvas.width = picture.naturalWidth; canvas.height = picture.naturalHeight;
        const context = canvas.getContext("2d", { willReadFrequently: true });
        context.drawImage(picture, 0, 0);
        const voxels = new Uint8Array(size * nz);
        for (let k = 0; k < nz; k++) {
          const pixels = context.getImageData((k % columns) * nx, Math.floor(k / columns) * ny, nx, ny).data;
          for (let p = 0; p < size; p++) voxels[k * size + p] = pixels[4 * p];
        }
        return voxels;
      };

      // For the plane across each axis: its horizontal and vertical axis, and whether the horizontal one is mirrored.
      const layouts = { 2: [0, 1], 1: [0, 2], 0: [1, 2] };
      const strides = [1, nx, size];
      const letters = { 2: ["R", "L", "A", "P"], 1: ["R", "L", "S", "I"], 0: ["A", "P", "S", "I"] };
      const planes = [...viewer.querySelectorAll(".plane")].map(element => {
        const canvas = element.querySelector("canvas");
        const axis = Number(canvas.dataset.axis), [h, v] = layouts[axis];
        const aspect = shape[h] * spacing[h] / (shape[v] * spacing[v]);
        element.style.flex = `${aspect} ${aspect} 0`;
        canvas.width = shape[h]; canvas.height = shape[v];
        canvas.style.aspectRatio = `${aspect}`;
        return { element, canvas, axis, h, v, place: element.querySelector(".place"),
          context: canvas.getContext("2d"), pixels: new ImageData(shape[h], shape[v]) };
      });
      const names = { 2: "axial", 1: "coronal", 0: "sagittal" };

      const draw = () => {
        if (!image) return;
        const low = 255 * Number(dark.value), high = Math.max(low + 1, 255 * Number(bright.value));
        const gray = new Uint8ClampedArray(256);
        for (let g = 0; g < 256; g++) gray[g] = 255 * (g - low) / (high - low);
        const mix = overlay && showOverlay ? Number(opacity.value) : 0;
        for (const plane of planes) {
          const { axis, h, v, context, pixels, canvas } = plane;
          const [width, height] = [shape[h], shape[v]], data = pixels.data;
          let target = 0;
          for (let row = 0; row < height; row++) {
            const line = cross[axis] * strides[axis] + (height - 1 - row) * strides[v];
            for (let column = 0; column < width; column++, target += 4) {
              const voxel = line + (width - 1 - column) * strides[h];
              const g = gray[image[voxel]], c = mix ? overlay[voxel] : 0, color = c ? colors[c - 1] : null;
              data[target] = color ? g + (color[0] - g) * mix : g;
              data[target + 1] = color ? g + (color[1] - g) * mix : g;
              data[target + 2] = color ? g + (color[2] - g) * mix : g;
              data[target + 3] = 255;
            }
          }
          context.putImageData(pixels, 0, 0);
          if (showCross) {
            context.fillStyle = "rgba(255, 255, 255, 0.35)";
            context.fillRect(width - 1 - cross[h], 0, 1, height);
            context.fillRect(0, height - 1 - cross[v], width, 1);
          }
          const [left, , top] = letters[axis];
          plane.place.textContent = `${names[axis]} ${cross[axis] + 1} / ${shape[axis]} · ${left} left, ${top} up`;
        }
      };

      const move = (axis, by) => {
        cross[axis] = Math.max(0, Math.min(shape[axis] - 1, cross[axis] + by));
        draw();
      };
      for (const plane of planes) {
        const { canvas, axis, h, v } = plane;
        const point = event => {
          const box = canvas.getBoundingClientRect();
          const x = Math.floor((event.clientX - box.left) / box.width * shape[h]);
          const y = Math.floor((event.clientY - box.top) / box.height * shape[v]);
          cross[h] = Math.max(0, Math.min(shape[h] - 1, shape[h] - 1 - x));
          cross[v] = Math.max(0, Math.min(shape[v] - 1, shape[v] - 1 - y));
          draw();
        };
        canvas.addEventListener("pointerenter", () => { active = axis; });
        canvas.addEventListener("pointerdown", event => {
          canvas.setPointerCapture(event.pointerId); active = axis; viewer.focus({ preventScroll: true }); point(event);
        });
        canvas.addEventListener("pointermove", event => { if (event.buttons) point(event); });
        canvas.addEventListener("wheel", event => {
          event.preventDefault(); move(axis, event.deltaY < 0 ? 1 : -1);
        }, { passive: false });
      }
      viewer.addEventListener("keydown", event => {
        if (event.target.matches("input")) return;
        const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
        if (event.key in steps) move(active, steps[event.key]);
        else if (event.key === "o") { showOverlay = !showOverlay; draw(); }
        else if (event.key === "x") { showCross = !showCross; draw(); }
        else if (event.key === "r") { cross.splice(0, 3, ...start); bright.value = 1; dark.value = 0; draw(); }
        else return;
        event.preventDefault();
      });
      for (const input of viewer.querySelectorAll("input")) input.addEventListener("input", draw);
      const begin = () => {
        image = read(viewer.querySelector(".atlas"));
        const classes = viewer.querySelector(".classes");
        if (classes) overlay = read(classes);
        viewer.dataset.ready = "true";
        draw();
        turntable(viewer, settings, image, overlay);
      };
      if (document.readyState === "complete") begin(); else window.addEventListener("load", begin);
    }

    """
}
