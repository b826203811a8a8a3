#!/usr/bin/env python3
"""Training steps of Fovea's own network in Fovea and in PyTorch, side by side: alternating runs, medians, ratios.

usage: compare_training.py [--fovea build/release/apps/fovea_training_step]
                           [--config data/foveanet-cifar10/config.json] [--batch 128] [--threads 1,2]
                           [--pairs 5] [--steps 4]

Both sides take whole steps (forward, cross-entropy, backward, SGD with Nesterov momentum) on made-up pictures that
are already in memory. PyTorch runs in the memory format (channels last, or not) in which it is the faster one.
Needs Debian's python3-torch. Prints a Markdown table of images a second.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time


def network(config):
    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    def conv(i, o, kernel, bias):
        return nn.Conv2d(i, o, kernel, padding=kernel // 2, bias=bias)

    class Residual(nn.Module):
        def __init__(self, c, hidden):
            super().__init__()
            self.conv1, self.norm1 = conv(c, c, 3, False), nn.BatchNorm2d(c)
            self.conv2, self.norm2 = conv(c, c, 3, False), nn.BatchNorm2d(c)
            self.fc1, self.fc2 = nn.Linear(c, hidden), nn.Linear(hidden, c)

        def forward(self, x):
            y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
            gate = torch.sigmoid(self.fc2(F.relu(self.fc1(y.mean((2, 3))))))
            return F.relu(x + y * gate[:, :, None, None])

    class Stage(nn.Module):
        def __init__(self, i, o, blocks, reduction):
            super().__init__()
            self.conv, self.norm = conv(i, o, 3, False), nn.BatchNorm2d(o)
            self.blocks = nn.Sequential(*[Residual(o, max(o // reduction, 1)) for _ in range(blocks)])

        def forward(self, x):
            return self.blocks(F.relu(self.norm(F.max_pool2d(self.conv(x), 2))))

    class NonLocal(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.theta, self.phi, self.g = [conv(c, c // 2, 1, True) for _ in range(3)]
            self.out, self.norm = conv(c // 2, c, 1, True), nn.BatchNorm2d(c)

        def forward(self, x):
            tokens = [f(x).flatten(2) for f in (self.theta, self.phi, self.g)]
            weights = torch.softmax(tokens[0].transpose(1, 2) @ tokens[1], -1)
            y = (weights @ tokens[2].transpose(1, 2)).transpose(1, 2).reshape(x.shape[0], -1, *x.shape[2:])
            return x + self.norm(self.out(y))

    class Layer(nn.Module):
        def __init__(self, c, heads, hidden):
            super().__init__()
            self.norm1, self.norm2, self.heads = nn.LayerNorm(c), nn.LayerNorm(c), heads
            self.q, self.k, self.v, self.out = [nn.Linear(c, c) for _ in range(4)]
            self.fc1, self.fc2 = nn.Linear(c, hidden), nn.Linear(hidden, c)

        def forward(self, x):
            b, n, c = x.shape
            normed = self.norm1(x)
            q, k, v = [f(normed).view(b, n, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v)]
            weights = torch.softmax(q @ k.transpose(2, 3) / (c // self.heads) ** 0.5, -1)
            x = x + self.out((weights @ v).transpose(1, 2).reshape(b, n, c))
            return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            width = config["stem_width"]
            self.stem = conv(3, width, 3, True)
            self.stem.weight.requires_grad = not config["whitened_stem"]
            stages = []
            for i, (o, blocks) in enumerate(zip(config["stage_widths"], config["stage_blocks"])):
                stages.append(Stage(width, o, blocks, config["squeeze_reduction"]))
                width = o
                if i + 1 == config["non_local_stage"]:
                    stages.append(NonLocal(width))
            self.stages = nn.Sequential(*stages)
            self.layers = nn.Sequential(*[Layer(width, config["attention_heads"], config["attention_mlp"])
                                          for _ in range(config["attention_layers"])])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

        def forward(self, x):
            x = self.stages(F.relu(self.stem(x))).flatten(2).transpose(1, 2)
            return self.head(self.norm(self.layers(x)).mean(1))

    return Net()


def pytorch_steps(config, batch, threads, steps, channels_last):
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = network(config).to(memory_format=layout).train()
    images = torch.randn(batch, 3, config["image_size"], config["image_size"]).contiguous(memory_format=layout)
    labels = torch.arange(batch) % 10
    optimiser = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1e-3, momentum=0.9, nesterov=True,
                                weight_decay=5e-4)
    times = []
    for step in range(steps + 2):
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(net(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step >= 2:
            times.append(1000 * (time.perf_counter() - start))
    print(json.dumps({"version": torch.__version__, "step_ms": times}))


def pytorch(args, threads, layout):
    command = [sys.executable, __file__, "--config", args.config, "--batch", str(args.batch), "--steps", str(args.steps),
               "--pytorch", f"{threads},{layout}"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return statistics.median(result["step_ms"]), result["version"]


def fovea(args, threads):
    command = [args.fovea, args.config, str(args.batch), str(args.steps), str(threads)]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return statistics.median(result["step_ms"]), result["isa"]


def cpu_name():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown CPU"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", default="build/release/apps/fovea_training_step")
    parser.add_argument("--config", default="data/foveanet-cifar10/config.json")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--pytorch", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.pytorch:
        threads, layout = args.pytorch.split(",")
        config = json.load(open(args.config, encoding="utf-8"))
        pytorch_steps(config, args.batch, int(threads), args.steps, layout == "last")
        return

    rows, isa, version = [], "", ""
    for threads in map(int, args.threads.split(",")):
        layout = min(("last", "first"), key=lambda which: pytorch(args, threads, which)[0])
        ours, theirs = [], []
        for _ in range(args.pairs):
            mine, isa = fovea(args, threads)
            other, version = pytorch(args, threads, layout)
            ours.append(1000 * args.batch / mine)
            theirs.append(1000 * args.batch / other)
        ratios = sorted(a / b for a, b in zip(ours, theirs))
        rows.append(f"| {threads} | {statistics.median(ours):.0f} | {statistics.median(theirs):.0f} (channels {layout}) "
                    f"| **{statistics.median(ratios):.2f}** | {ratios[0]:.2f} to {ratios[-1]:.2f} |")
    print(f"{cpu_name()}, {isa}, batch {args.batch}, {args.pairs} alternating pairs, PyTorch {version}\n")
    print("| threads | Fovea, images/s | PyTorch, images/s | ratio | range |\n|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
