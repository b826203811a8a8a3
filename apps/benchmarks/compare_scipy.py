#!/usr/bin/python3
"""Fovea's assignment solver and scipy's linear_sum_assignment side by side: alternating runs, medians, ratios.

usage: compare_scipy.py [--fovea build/release/apps/fovea_assignment] [--sizes 300x300,300x40] [--pairs 9] [--runs 21]

Both solve the same even random costs; each pair draws others. scipy gets them as the float64 it works in. Needs
Debian's python3-scipy. Prints a Markdown table; fails if the totals differ.
"""
import argparse
import json
import statistics
import subprocess
import time

import numpy as np
import scipy
from scipy.optimize import linear_sum_assignment


def uniform(seed, count):
    """The draws of attention/base/rng.h."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", default="build/release/apps/fovea_assignment")
    parser.add_argument("--sizes", default="300x300,100x100,900x900,300x40,1600x90")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--runs", type=int, default=21)
    args = parser.parse_args()

    print(f"scipy {scipy.__version__}, medians of {args.pairs} pairs, {args.runs} runs each\n")
    print("| rows x columns | Fovea us | scipy us | scipy / Fovea |\n|---|---|---|---|")
    for size in args.sizes.split(","):
        rows, columns = map(int, size.split("x"))
        ours, theirs = [], []
        for seed in range(1, args.pairs + 1):
            command = [args.fovea, str(rows), str(columns), str(seed), str(args.runs)]
            result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            cost = uniform(seed, rows * columns).astype(np.float32).astype(np.float64).reshape(rows, columns)
            times = []
            for _ in range(args.runs):
                start = time.perf_counter()
                r, c = linear_sum_assignment(cost)
                times.append(1e6 * (time.perf_counter() - start))
            if abs(cost[r, c].sum() - result["total"]) > 1e-9:
                raise SystemExit(f"{size}, seed {seed}: totals {result['total']} and {cost[r, c].sum()}")
            ours.append(result["median_us"])
            theirs.append(statistics.median(times))
        ratio = statistics.median(b / a for a, b in zip(ours, theirs))
        print(f"| {rows} x {columns} | {statistics.median(ours):.0f} | {statistics.median(theirs):.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
