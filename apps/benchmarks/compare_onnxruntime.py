#!/usr/bin/env python3
"""Forward pass of Fovea and ONNX Runtime side by side: alternating runs, medians, median of the pairwise ratios.

usage: compare_onnxruntime.py --onnx FOLDER --node FOLDER [--fovea build/release/apps/fovea] [--peers ../shared/peers]
                              [--models vit_b_16,deit_tiny] [--threads 1,2] [--batches 1,8] [--pairs 7] [--runs N]

A model's pictures are 224x224 unless it says otherwise: detr_r50@480x640 (height x width).
--onnx holds what `export_models.py FOLDER vit_b_16 deit_tiny` of the peers' folder wrote, --node the folder where
`npm install --ignore-scripts onnxruntime-node` was run. Prints a Markdown table. Both programs time the forward pass
alone, after a warm-up; the weights are random on both sides, the architectures equal.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile


def fovea(args, config, size, batch, threads, runs):
    command = [args.fovea, "bench", "-m", config, "--random-weights", "--size", size, "--batch", str(batch),
               "--threads", str(threads), "--runs", str(runs), "--json"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result["forward_ms"]["median"], result["isa"]


def onnxruntime(args, model, size, batch, threads, runs):
    command = ["node", str(pathlib.Path(args.peers) / "ort_bench.mjs"), f"{args.onnx}/{model}_b{batch}.onnx",
               f"{batch}x3x{size}", str(threads), str(runs)]
    environment = dict(os.environ, ORT_NODE_DIR=args.node)
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    result = json.loads(output.strip().splitlines()[-1])
    return result["median_ms"], result["version"]


def cpu_name():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown CPU"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", default="build/release/apps/fovea")
    parser.add_argument("--peers", default="../shared/peers")
    parser.add_argument("--onnx", required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--models", default="vit_b_16,deit_tiny")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--runs", type=int, default=0, help="timed forward passes of each run (0: about 3 seconds)")
    args = parser.parse_args()

    rows, isa, version = [], "", ""
    with tempfile.TemporaryDirectory() as folder:
        for asked in args.models.split(","):
            name, _, size = asked.partition("@")
            model, size = asked.replace("@", "_"), size or "224x224"
            config = pathlib.Path(folder) / model
            config.mkdir()
            shutil.copy(pathlib.Path(args.peers) / "configs" / f"{name}.json", config / "config.json")
            for batch in map(int, args.batches.split(",")):
                for threads in map(int, args.threads.split(",")):
                    runs, ours, theirs = args.runs, [], []
                    if not runs:
                        once, _ = fovea(args, str(config), size, batch, threads, 1)
                        runs = max(3, min(60, round(3000 / once)))
                    for _ in range(args.pairs):
                        mine, isa = fovea(args, str(config), size, batch, threads, runs)
                        other, version = onnxruntime(args, model, size, batch, threads, runs)
                        ours.append(mine)
                        theirs.append(other)
                    ratios = sorted(a / b for a, b in zip(ours, theirs))
                    rows.append(f"| {asked} | {batch} | {threads} | {statistics.median(ours):.1f} ms "
                                f"| {statistics.median(theirs):.1f} ms | **{statistics.median(ratios):.2f}** "
                                f"| {ratios[0]:.2f} to {ratios[-1]:.2f} |")
                    print(rows[-1], flush=True)
    print(f"\n{cpu_name()}, {isa}, {args.pairs} alternating pairs, ONNX Runtime {version}\n")
    print("| model | batch | threads | Fovea | ONNX Runtime | ratio of times | range |\n|---|---|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
