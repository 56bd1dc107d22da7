"""What rendering the post-startup scripts of a large fleet costs, as a ratio to reading its file.

Prints the median of interleaved rounds. Rendering 1,000 notebooks has a budget of 2 s.
"""

import json
import statistics
import time
from datetime import date
from pathlib import Path

import yaml

from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.core import fleet
from notebook_provisioner.core.post_startup import Renderer

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = 1_000
ROUNDS = 5


def large_fleet() -> fleet.Fleet:
    """The production example with a thousand notebooks."""
    path = ROOT / "examples" / "production" / "fleet.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    model = document["notebooks"][0]
    document["notebooks"] = [{**model, "name": f"{model['name']}-{number}"} for number in range(NOTEBOOKS)]
    document["profiles"] = {model["profile"]: document["profiles"][model["profile"]]}
    document["defaults"]["profile"] = model["profile"]
    document.pop("rollout", None)  # it names notebooks that are not among these
    return fleet.parse(json.dumps(document, default=str), file=path.name, today=date(2026, 11, 1))


def main() -> None:
    """Measure and print."""
    templates = post_startup_templates()
    reading, rendering = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        parsed = large_fleet()
        notebooks = parsed.resolved_notebooks
        read = time.perf_counter()
        renderer = Renderer(templates, version="1.2.3")
        scripts = [renderer.render(notebook, parsed) for notebook in notebooks]
        reading.append(read - started)
        rendering.append(time.perf_counter() - read)
    assert len(set(scripts)) == NOTEBOOKS
    median = statistics.median(rendering)
    size = sum(map(len, scripts)) / NOTEBOOKS / 1024
    print(f"rendering {NOTEBOOKS} notebooks: {median:.2f} s, {size:.1f} KiB each")
    print(f"x reading the fleet file: {median / statistics.median(reading):.2f}")


if __name__ == "__main__":
    main()
