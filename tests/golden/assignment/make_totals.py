#!/usr/bin/python3
"""Writes totals.safetensors: what scipy's linear_sum_assignment says of 10,000 matrices of ten sorts.

usage: make_totals.py [--count 10000]     needs Debian's python3-scipy

The matrices are drawn from splitmix64 by the same rule as in tests/models/hungarian_test.cpp, so that only the
least totals are kept (F64), and a hash of the columns (I32) where no other assignment has that total, else 0.
"""
import argparse
import json
import pathlib
import struct

import numpy as np
from scipy.optimize import linear_sum_assignment

SORTS = 10


def draws(seed, count):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def matrix(index):
    head = draws(index + 1, 6)
    most = 120 if index % 97 == 0 else 24
    first, second = 1 + int(head[1] * most), 1 + int(head[2] * most)
    shape = int(head[0] * 3)
    rows = first if shape == 0 else min(first, second) if shape == 1 else max(first, second)
    columns = first if shape == 0 else max(first, second) if shape == 1 else min(first, second)
    a, b = head[4], head[5]
    cells = draws(index + 1, 6 + 2 * rows * columns)[6:]
    u, v = cells[: rows * columns].reshape(rows, columns), cells[rows * columns :].reshape(rows, columns)
    r, c = np.arange(rows)[:, None], np.arange(columns)[None, :]
    on_path = (r + int(a * columns)) % columns == c if rows <= columns else (c + int(a * rows)) % rows == r
    sort = index % SORTS
    if sort == 0:  # even
        cost = u
    elif sort == 1:  # few values, so that many assignments are as good
        cost = np.floor(u * (1 + int(a * 3)))
    elif sort == 2:  # from 2^-20 to 2^20, of either sign
        cost = np.where(v < 0.5, -1.0, 1.0) * np.ldexp(1.0, np.floor(u * 41).astype(int) - 20)
    elif sort == 3:  # negative
        cost = (u - 1) * 100
    elif sort == 4:  # rows that are nearly one row
        cost = v[:1] + 1e-6 * u
    elif sort == 5:  # one cheap path
        cost = np.where(on_path, 0.1 * u, 1 + u)
    elif sort == 6:  # infinite but for a path and some
        cost = np.where(on_path | (v < 0.3), u, np.inf)
    elif sort == 7:  # products, where the cheapest of a row are wrong
        cost = (r + int(a * 5)) * (c + int(b * 5)) + 0 * u
    elif sort == 8:  # sums of a row's and a column's number: all the same, but for a few
        cost = np.floor(u[:, :1] * 50) + np.floor(u[:1, :] * 50) + (v < 0.1)
    else:  # near the largest numbers that float32 counts one by one
        cost = 16777216 - np.floor(u * 1000)
    return cost.astype(np.float32).astype(np.float64)


def is_unique(cost, rows, columns, total):
    slack = 1e-9 * max(1.0, np.abs(cost[np.isfinite(cost)]).max())
    for r, c in zip(rows, columns):
        other = cost.copy()
        other[r, c] = np.inf
        try:
            i, j = linear_sum_assignment(other)
        except ValueError:  # infeasible
            continue
        if other[i, j].sum() <= total + slack:
            return False
    return True


def column_hash(rows, columns, count):
    of = dict(zip(rows.tolist(), columns.tolist()))
    h = 2166136261
    for r in range(count):
        h = ((h ^ (of.get(r, -1) + 1)) * 16777619) % 2**32
    return max(1, h % 2**31)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10000)
    args = parser.parse_args()
    totals, hashes = [], []
    for index in range(args.count):
        cost = matrix(index)
        rows, columns = linear_sum_assignment(cost)
        total = 0.0
        for r, c in zip(rows, columns):
            total += cost[r, c]
        totals.append(total)
        hashes.append(column_hash(rows, columns, cost.shape[0]) if is_unique(cost, rows, columns, total) else 0)
    data = np.array(totals, "<f8").tobytes() + np.array(hashes, "<i4").tobytes()
    header = json.dumps({"totals": {"dtype": "F64", "shape": [args.count], "data_offsets": [0, 8 * args.count]},
                         "columns": {"dtype": "I32", "shape": [args.count],
                                     "data_offsets": [8 * args.count, 12 * args.count]}}).encode()
    header += b" " * (-len(header) % 8)
    file = pathlib.Path(__file__).parent / "totals.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + data)
    print(f"{args.count} matrices, {sum(h > 0 for h in hashes)} of one best assignment")


if __name__ == "__main__":
    main()
