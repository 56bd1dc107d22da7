"""What is emulated and what is not, from the services themselves."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.engine import Engine


def describe(engine: "Engine") -> dict[str, dict[str, Any]]:
    """By API and version: the emulated method ids, the others (501), and what else a service leaves out."""
    found = {}
    for (name, version), service in sorted(engine.context.services.items()):
        methods = engine.context.apis[name, version].methods
        emulated = {identifier for identifier, method in methods.items() if engine.handler(service, method)}
        found[f"{name} {version}"] = {
            "emulated": sorted(emulated),
            "notEmulated": sorted(methods.keys() - emulated),
            "limits": list(service.not_emulated),
        }
    return found


def markdown(engine: "Engine") -> str:
    """The same as a table and lists in Markdown, for the documentation."""
    lines = ["| API | methods | emulated |", "|---|---|---|"]
    details = []
    for name, entry in describe(engine).items():
        emulated = len(entry["emulated"])
        lines.append(f"| {name} | {emulated + len(entry['notEmulated'])} | {emulated} |")
        if emulated:
            details += ["", f"### {name}", ""]
            details += [f"- {sentence}" for sentence in entry["limits"]]
            details += ["", "Emulated: " + ", ".join(f"`{item}`" for item in entry["emulated"])]
    return "\n".join([*lines, *details, ""])
