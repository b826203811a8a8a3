"""Times pycocotools on what `fovea_coco_evaluation TIMES FOLDER` wrote: compare_pycocotools.py FOLDER"""

import contextlib
import io
import sys
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def main(folder):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(f"{folder}/annotations.json")
        found = truth.loadRes(f"{folder}/results.json")
        start = time.process_time()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        seconds = time.process_time() - start
    print(f"pycocotools: {seconds:.3f} s of processor time")
    for figure in evaluation.stats:
        print(f"{figure:.17g}")


main(sys.argv[1])
