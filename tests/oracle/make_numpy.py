"""Writes numpy_stored.npz, numpy_deflated.npz and numpy_fortran.npy as NumPy writes them, and grey.png, rgb.png, rgba.png
and deep.png as Pillow does: what the tests of io/file/numpy_file.cpp and io/file/png_image.cpp read.
"""
from pathlib import Path

import numpy as np
from PIL import Image

if __name__ == "__main__":
    folder = Path(__file__).parent
    arrays = {"mu": np.arange(3, dtype=np.float64) / 4, "sigma": np.eye(3, dtype=np.float32) * 2,
              "n": np.array(12, dtype=np.int64)}
    np.savez(folder / "numpy_stored.npz", **arrays)
    np.savez_compressed(folder / "numpy_deflated.npz", **arrays, zeros=np.zeros(5000, dtype=np.uint8))
    np.save(folder / "numpy_fortran.npy", np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)))
    grey = np.array([[0, 1, 127], [128, 254, 255]], dtype=np.uint8)
    Image.fromarray(grey).save(folder / "grey.png")
    Image.fromarray(np.stack([grey, grey, grey[::-1]], 2)).save(folder / "rgb.png")
    Image.fromarray(np.stack([grey] * 4, 2)).save(folder / "rgba.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "deep.png")
