"""Accuracy of an exported C program: python c_program.py net/ images.npz [T]

images.npz holds x, uint8 [N, C, H, W], and y. Made by: snnconv export snn8.pt2 --to c -o net/
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

net, data = Path(sys.argv[1]), np.load(sys.argv[2])
with tempfile.TemporaryDirectory() as folder:
    program, pixels = Path(folder) / "net", Path(folder) / "pixels.raw"
    subprocess.run(["cc", "-O2", "-std=c99", net / "net.c", net / "main.c", "-o", program], check=True)
    pixels.write_bytes(data["x"].tobytes())
    line = [program, "-p", pixels, *sys.argv[3:]]
    lines = subprocess.run(line, capture_output=True, encoding="utf-8", check=True).stdout.splitlines()
classes = np.array([int(line.split()[1]) for line in lines if line.startswith("class")])
print(f"accuracy: {100 * np.mean(classes == data['y']):.2f} % of {len(classes)} images")
