"""Changes tfisp's code in small ways, one at a time, and counts how often the tests notice.

    PYTHONPATH=. nice -n 10 python scripts/mutate.py --count=120 --seed=0 --output=mutants.jsonl
    PYTHONPATH=. python scripts/mutate.py --output=mutants.jsonl --report      # of what is there

Mutants are those of Cosmic Ray (comparisons, arithmetic, conditions, constants, loops, exceptions)
and calls that lose a named argument; what stands in annotations is left alone. A seeded sample of
all of them is tried. Each runs the tests that mirror its module: first those of the same name, then
those that import it, then the quick ones among the others of its folder, until one fails. A
mutant that takes several times as long as the tests did before counts as noticed.

The checkout is copied first and never changed. Every result is one line of the output file; the
same command goes on where it was stopped. A survivor is either equivalent to the original or lacks
an assertion: somebody must look at it.
"""

import argparse
import ast
import contextlib
import dataclasses
import difflib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("losses", "training", "data", "rawfiles", "packing.py")

# Of Cosmic Ray's operators those whose mutants are not noticed by their types already.
_PLAIN = """AddNot NumberReplacer ReplaceAndWithOr ReplaceOrWithAnd ReplaceTrueWithFalse
    ReplaceFalseWithTrue ReplaceBreakWithContinue ReplaceContinueWithBreak ExceptionReplacer
    ZeroIterationForLoop"""
_COMPARISONS = "Lt_LtE LtE_Lt Gt_GtE GtE_Gt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is"
_ARITHMETIC = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_Mul Pow_Mul"
OPERATORS = (
    *_PLAIN.split(),
    *(f"ReplaceComparisonOperator_{pair}" for pair in _COMPARISONS.split()),
    *(f"ReplaceBinaryOperator_{pair}" for pair in _ARITHMETIC.split()),
    *(f"ReplaceUnaryOperator_Delete_{one}" for one in ("Not", "USub")),
)
DROP = "DropKeyword"

# Modules without a test file of their own name: the ones that take its place; and folders whose
# tests also stand elsewhere.
NEAREST = {
    f"training/{name}.py": f"training/test_{test}.py"
    for test, names in {
        "training_run": ("loop", "launch", "monitor", "model_card"),
        "trainer": ("averaging", "accumulation", "critics"),
    }.items()
    for name in names
}
ELSEWHERE = {
    "losses": ("training/test_every_part.py", "parity/test_step.py"),
    "rawfiles": ("test_raw.py", "test_inspect_raw.py"),
}
# Of the other files of a folder, those that take longer than so many seconds are left out.
LONGEST = 30.0

# How much longer than unchanged code a mutant may take: a factor, and seconds for small tests.
PATIENCE, GRACE = 4.0, 60.0
_LIBRARIES = """tensorflow keras torch cv2 rawpy tifffile skimage.metrics h5py colour_demosaicing
    scipy.ndimage ai_edge_litert.interpreter"""
PRELOADED = tuple(_LIBRARIES.split())


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes:
        module: Path from the root of the checkout.
        operator: What kind of change.
        occurrence: Which of the places where it applies.
        line: Where that is.
    """

    module: str
    operator: str
    occurrence: int
    line: int


def mutants(module: str) -> list[Mutant]:
    """All mutants of a module, in a fixed order."""
    source = (ROOT / module).read_text(encoding="utf-8")
    tree = ast.parse(source)
    silent = _annotations(tree)
    found = []
    nodes = list(ast_nodes(get_ast(source)))
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        found += [
            Mutant(module, name, index, start[0])
            for index, (start, _) in enumerate(places)
            if not any(first <= start < last for first, last in silent)
        ]
    keywords = _keywords(tree)
    return found + [Mutant(module, DROP, i, node.lineno) for i, node in enumerate(keywords)]


def mutated(mutant: Mutant) -> str | None:
    """The module's text with the change; None for one that Cosmic Ray cannot make."""
    source = (ROOT / mutant.module).read_text(encoding="utf-8")
    if mutant.operator == DROP:
        return _without(source, _keywords(ast.parse(source))[mutant.occurrence])
    operator = get_operator(f"core/{mutant.operator}")()
    with contextlib.suppress(AttributeError):  # a dotted exception
        return mutate_code(source, operator, mutant.occurrence)
    return None


def _keywords(tree: ast.AST) -> list[ast.keyword]:
    """Named arguments of calls, but for those of decorators and messages."""
    decorated = {
        id(inner)
        for node in ast.walk(tree)
        for decorator in getattr(node, "decorator_list", ())
        for inner in ast.walk(decorator)
    }
    return [
        keyword
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and id(node) not in decorated
        for keyword in node.keywords
        if keyword.arg
    ]


def _without(source: str, keyword: ast.keyword) -> str:
    """The text without one named argument and the comma behind it."""
    lines = source.encode().splitlines(keepends=True)  # columns of `ast` are bytes
    before = b"".join(lines[: keyword.lineno - 1]) + lines[keyword.lineno - 1][: keyword.col_offset]
    after = lines[keyword.end_lineno - 1][keyword.end_col_offset :] + b"".join(
        lines[keyword.end_lineno :]
    )
    return (before + re.sub(rb"^\s*,", b"", after)).decode()


def _annotations(tree: ast.AST) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Spans (line, column) of what only type checkers and readers look at."""
    return [
        ((part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset))
        for node in ast.walk(tree)
        for name in ("annotation", "returns")
        if (part := getattr(node, name, None)) is not None
    ]


def tests_of(module: str) -> tuple[list[str], list[str]]:
    """The test files that mirror a module, the likeliest first; and the others of its folder."""
    path = Path(module).relative_to("tfisp")
    folder = ROOT / "tests" / path.parent
    dotted = module.removesuffix(".py").replace("/", ".")
    package, _, name = dotted.rpartition(".")
    imports = re.compile(
        rf"\b{re.escape(dotted)}\b|from {re.escape(package)} import [^\n]*\b{name}\b"
    )
    exact = ROOT / "tests" / NEAREST.get(str(path), path.parent / f"test_{path.name}")
    if path.parent == Path():  # tests/test_packing.py
        return [str(exact.relative_to(ROOT))], []
    files = sorted(folder.glob("test_*.py"))
    files += [ROOT / "tests" / extra for extra in ELSEWHERE.get(path.parts[0], ())]

    near = [file for file in files if imports.search(file.read_text(encoding="utf-8"))]
    near = [exact] * exact.exists() + [file for file in near if file != exact]
    rest = [file for file in files if file not in near]
    return tuple([str(file.relative_to(ROOT)) for file in some] for some in (near, rest))


@contextlib.contextmanager
def checkout() -> Iterator[Path]:
    """A copy of all files that git knows or does not ignore, with `../shared` beside it."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder, "checkout")
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        if (ROOT.parent / "shared").exists():
            Path(folder, "shared").symlink_to((ROOT.parent / "shared").resolve())
        yield copy


def run_tests(copy: Path, files: Sequence[str], limit: float) -> tuple[str, float]:
    """Runs tests in a process of their own, to the first that fails.

    Returns:
        `passed`, `failed` (or could not be imported), `too long`, or what else pytest ended with;
        and how many seconds it took.
    """
    began = time.monotonic()
    child = os.fork()
    if not child:
        _become_tests(copy, files)
    status = None
    while status is None and time.monotonic() - began < limit:
        pid, ended = os.waitpid(child, os.WNOHANG)
        status = ended if pid else None
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):  # with all that the tests have started
        os.killpg(child, signal.SIGKILL)
    seconds = time.monotonic() - began
    if status is None:
        os.waitpid(child, 0)
        return "too long", seconds
    if os.WIFSIGNALED(status):
        return "failed", seconds
    codes = {0: "passed", 1: "failed", 2: "failed"}
    code = os.WEXITSTATUS(status)
    return codes.get(code, f"pytest ended with {code}"), seconds


def _become_tests(copy: Path, files: Sequence[str]) -> None:
    """Turns a forked process into pytest; never returns."""
    code = 3
    try:
        os.setsid()
        os.chdir(copy)
        log = os.open(copy.parent / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.path[:] = [str(copy), *(p for p in sys.path if Path(p or ".").resolve() != ROOT)]
        os.environ["PYTHONPATH"] = str(copy)
        sys.dont_write_bytecode = True  # a mutant may be as old and as long as the one before
        words = ["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
        code = pytest.main([*words, "--tb=line", *files])
    finally:
        os._exit(int(code))


def try_all(sample: Sequence[Mutant], output: Path) -> None:
    """Tries the mutants that the output file does not have yet, and adds a line for each."""
    for name in PRELOADED:  # once; every forked process has them
        with contextlib.suppress(ImportError):
            __import__(name)
    done = _read(output)
    known = {_key(entry) for entry in done if "module" in entry}
    baseline = {entry["tests"]: entry for entry in done if "tests" in entry}
    left = [m for m in sample if _key(dataclasses.asdict(m)) not in known and mutated(m)]
    with checkout() as copy, output.open("a", encoding="utf-8") as file:

        def add(entry: dict[str, object]) -> None:
            print(json.dumps(entry), file=file, flush=True)

        for number, mutant in enumerate(left, 1):
            near, rest = tests_of(mutant.module)
            for test in near + rest:
                if test not in baseline:
                    verdict, seconds = run_tests(copy, [test], 1800)
                    baseline[test] = {"tests": test, "verdict": verdict, "seconds": seconds}
                    add(baseline[test])
            # A file whose tests are all slow collects none (5).
            rest = [test for test in rest if baseline[test]["seconds"] < LONGEST]
            usable = [test for test in near + rest if baseline[test]["verdict"] == "passed"]
            took = sum(baseline[test]["seconds"] for test in usable)
            entry = _try(copy, mutant, usable, PATIENCE * took + GRACE)
            add(entry)
            told = f"{number}/{len(left)} {entry['verdict']:8} {entry['seconds']:5.0f} s "
            print(f"{told}{mutant.module}:{mutant.line} {mutant.operator}", flush=True)


def _try(copy: Path, mutant: Mutant, tests: Sequence[str], limit: float) -> dict[str, object]:
    before = (ROOT / mutant.module).read_text(encoding="utf-8")
    after = mutated(mutant)
    target = copy / mutant.module
    try:
        target.write_text(after, encoding="utf-8")
        verdict, seconds = run_tests(copy, tests, limit)
    finally:
        target.write_text(before, encoding="utf-8")
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    change = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
    return dataclasses.asdict(mutant) | {"verdict": verdict, "seconds": seconds, "change": change}


def _read(output: Path) -> list[dict]:
    if not output.exists():
        return []
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def _key(entry: dict) -> tuple:
    return entry["module"], entry["operator"], entry["occurrence"]


def report(output: Path) -> str:
    """How many were noticed, folder by folder, and each survivor with its change."""
    tried = [entry for entry in _read(output) if "module" in entry]
    folders: dict[str, list[bool]] = {}
    for entry in tried:
        noticed = entry["verdict"] in ("failed", "too long")
        folders.setdefault(Path(entry["module"]).parts[1], []).append(noticed)
    lines = [f"{name}: {sum(found)} of {len(found)} noticed" for name, found in folders.items()]
    total = sum(map(sum, folders.values()))
    lines.append(f"all: {total} of {len(tried)} noticed ({100 * total / max(len(tried), 1):.1f} %)")
    for entry in tried:
        if entry["verdict"] not in ("failed", "too long"):
            lines.append(f"{entry['verdict']}: {entry['module']}:{entry['line']}")
            lines += [f"    {line}" for line in entry["change"]]
    return "\n".join(lines)


def main() -> None:
    """Draws the sample, tries it and reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=120, help="mutants to try")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--places", default=",".join(PLACES), help="of the sample, only these")
    parser.add_argument("--output", type=Path, required=True, help="file of results, JSON lines")
    parser.add_argument("--report", action="store_true", help="try none, report what is there")
    options = parser.parse_args()
    if not options.report:
        paths = [ROOT / "tfisp" / place for place in PLACES]
        files = [file for p in paths for file in ([p] if p.suffix else sorted(p.glob("*.py")))]
        modules = [str(file.relative_to(ROOT)) for file in files]
        everything = [mutant for module in modules for mutant in mutants(module)]
        count = min(options.count, len(everything))
        print(f"{count} of {len(everything)} mutants of {len(modules)} modules", flush=True)
        sample = random.Random(options.seed).sample(everything, count)
        chosen = [mutant for mutant in sample if Path(mutant.module).parts[1] in options.places]
        try_all(chosen, options.output)
    print(report(options.output))


if __name__ == "__main__":
    main()
