#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the #includes of the tree to the arrows of the architecture, and third-party headers to their homes.

    layering_test.py [SOURCE_DIR]

To add a box: a line in BOXES. To add a third-party header that only one file may know: a line in HOMES.
"""

import pathlib
import re
import sys

# Box: the boxes that it may include, itself included.
BOXES = {
    "shim/base": {"shim/base"},
    "shim/oci": {"shim/base", "shim/oci"},
    "shim/policy": {"shim/base", "shim/oci", "shim/policy"},
    "shim/host": {"shim/base", "shim/oci", "shim/policy", "shim/host", "apparmor"},
    # Of host only the facts, which are a value: see VALUES_ONLY.
    "shim/harden": {"shim/base", "shim/oci", "shim/policy", "shim/harden", "seccomp", "apparmor"},
    "shim/runtime": {"shim/base", "shim/oci", "shim/runtime"},
    "shim/state": {"shim/base", "shim/oci", "shim/policy", "shim/state"},
    "shim/userns": {"shim/base", "shim/oci", "shim/policy", "shim/host", "shim/userns"},
    "seccomp": {"shim/base", "shim/oci", "seccomp"},
    "apparmor": {"shim/base", "apparmor"},
    "profiles": {"shim/base", "shim/oci", "shim/policy", "seccomp", "apparmor", "profiles"},
}
# What one box may see of another beyond BOXES.
VALUES_ONLY = {("shim/harden", "shim/host/facts.h")}
# Composition roots may include everything: the files of these folders.
ROOT_FOLDERS = {"shim", "shim/ctl", "shim/ctl/doctor"}  # themselves, not what lies deeper

# Third-party header: its homes (a file, or a folder).
HOMES = {
    r"cap-ng\.h": ["shim/oci/capability.cc"],
    r"seccomp\.h": ["seccomp/compile.cc", "profiles/recorder/call_names.cc"],
    r"boost/program_options.*": ["shim/ctl/"],
    # Else everybody says oci::Value. These two keep the order of somebody else's keys (ordered_json).
    r"nlohmann/.*": ["shim/oci/value.h", "shim/runtime/describe.cc", "shim/ctl/json_edit.h"],
}

# oci, policy's model, harden, and the models of seccomp and apparmor are pure: no file, clock, environment or process.
PURE = ["shim/oci/", "shim/harden/", "seccomp/", "apparmor/"]
IMPURE_HEADERS = re.compile(
    r"(unistd\.h|fcntl\.h|sys/(?!types\.h).*|fstream|iostream|filesystem|thread|cstdlib|stdlib\.h|dirent\.h|syslog\.h"
    r"|shim/base/(file|unique_fd)\.h)"
)
IMPURE_BY_NATURE = {"seccomp/compile.cc", "seccomp/compile.h", "apparmor/load.cc", "apparmor/compile.cc"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def box_of(path: str) -> str | None:
    return next((box for box in BOXES if path.startswith(box + "/")), None)


def allowed(box: str, header: str) -> bool:
    target = box_of(header)
    if target is None:
        return box_of(header + "/") is None and not header.startswith("shim/")
    return target in BOXES[box] or (box, header) in VALUES_ONLY


def has_home(home: str, path: str) -> bool:
    return path.startswith(home) if home.endswith("/") else path == home


def problems_of(path: str, text: str) -> list[str]:
    problems = []
    box = box_of(path)
    is_root = path.rpartition("/")[0] in ROOT_FOLDERS
    if box is None and not is_root and path.startswith("shim/"):
        problems.append(f"{path}: in no box; add it to BOXES or ROOT_FOLDERS of layering_test.py")
    for quote, header in INCLUDE.findall(text):
        if box is not None and quote == '"' and not allowed(box, header):
            problems.append(f'{path}: box {box} may not include "{header}"')
        if quote == '"' and header.startswith("tests/"):
            problems.append(f'{path}: includes "{header}" of the tests')
        for pattern, homes in HOMES.items():
            if re.fullmatch(pattern, header) and not any(has_home(home, path) for home in homes):
                problems.append(f"{path}: <{header}> is at home in {', '.join(homes)} only")
        is_pure = any(path.startswith(folder) for folder in PURE) and path not in IMPURE_BY_NATURE
        if is_pure and IMPURE_HEADERS.fullmatch(header):
            problems.append(f"{path}: is pure and may not include <{header}>")
    return problems


def self_test() -> None:
    bad = [
        ("shim/oci/x.cc", '#include "shim/policy/policy.h"'),
        ("shim/harden/steps/x.cc", '#include "shim/host/probe.h"'),
        ("shim/harden/x.cc", "#include <fstream>"),
        ("shim/policy/x.cc", "#include <cap-ng.h>"),
        ("shim/policy/x.cc", "# include <nlohmann/json.hpp>"),
        ("shim/runtime/x.cc", '#include "shim/harden/step.h"'),
        ("shim/nowhere/x.cc", ""),
        ("shim/base/x.cc", '#include "tests/x.h"'),
    ]
    good = [
        ("shim/harden/x.cc", '#include "shim/host/facts.h"\n#include "runward_build_info.h"'),
        ("shim/oci/capability.cc", "#include <cap-ng.h>"),
        ("shim/main.cc", '#include "shim/harden/pipeline.h"'),
    ]
    assert all(problems_of(*case) for case in bad), [case for case in bad if not problems_of(*case)]
    assert not any(problems_of(*case) for case in good), [problems_of(*case) for case in good]


def main() -> int:
    self_test()
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    sources = [
        source
        for folder in ("shim", "seccomp", "apparmor", "profiles")
        for source in sorted((top / folder).rglob("*"))
        if source.suffix in (".h", ".cc")
    ]
    if not sources:
        print(f"no sources below {top}", file=sys.stderr)
        return 1
    problems = [
        problem
        for source in sources
        for problem in problems_of(source.relative_to(top).as_posix(), source.read_text(encoding="utf-8"))
    ]
    print("\n".join(problems) or f"{len(sources)} files keep to the layers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
