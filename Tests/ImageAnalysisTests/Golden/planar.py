"""Golden values of the planar operations, by OpenCV: python planar.py > planar.txt"""
import cv2
import numpy as np

WIDTH, HEIGHT = 50, 37
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
image = ((x * 7 + y * 13 + (x * y) // 5 + 60 * ((x - 25) ** 2 + (y - 18) ** 2 < 120)) % 256).astype(np.uint8)


def row(name, values):
    print(name, *[str(int(v)) for v in np.asarray(values).ravel()])


row("clahe", cv2.createCLAHE(clipLimit=3.0, tileGridSize=(5, 4)).apply(image))
kernel = np.array([1, 2, 1], np.float64) / 4
row("blur", np.floor(cv2.sepFilter2D(image.astype(np.float64), -1, kernel, kernel) + 0.5))
row("otsu", [cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0]])
mask = (image > 128).astype(np.uint8)
count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
row("areas8", sorted(stats[1:, 4]))
count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
row("areas4", sorted(stats[1:, 4]))
contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[1][0]
outer = [c for c, h in zip(contours, hierarchy) if h[3] < 0]
row("contours", sorted(len(c) for c in outer))
row("twiceareas", sorted(round(2 * cv2.contourArea(c)) for c in outer))
points = np.array([[30 + 17 * np.cos(t) * np.cos(0.5) - 9 * np.sin(t) * np.sin(0.5),
                    20 + 17 * np.cos(t) * np.sin(0.5) + 9 * np.sin(t) * np.cos(0.5)]
                   for t in np.linspace(0.3, 2.9, 14)])
points = np.round(points)
row("arc", points)
(cx, cy), (d1, d2), angle = cv2.fitEllipseDirect(points.astype(np.float32))
row("direct", [1000 * cx, 1000 * cy, 500 * max(d1, d2), 500 * min(d1, d2)])
