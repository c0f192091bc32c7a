"""The kit's awk scripts on what programs of many versions print, and on hard cases."""

import json

import numpy as np
import pytest

from tfisp.files import write_json

FIELDS = (
    *("status", "used", "nodes", "of", "partitions", "precision", "init", "first_inference"),
    *("first_run", "runs", "mean", "median"),
)
TIMES = (
    "INFO: count=4 first=130565 curr=120829 min=117370 max=130565 avg=122373 std=4930\n\n"
    "INFO: count=50 first=119212 curr=118055 min=113737 max=124776 avg=119375 std=1948"
    " p5=114000 median=119000 p95=122000\n\n"
    "INFO: Inference timings in us: Init: 870557, First inference: 130565, Warmup (avg): 122373,"
    " Inference (avg): 119375\n"
)


def told(awk, log, backend="gpu_cl", code=0):
    row = awk("log.awk", "-v", f"backend={backend}", "-v", f"code={code}", text=log)
    assert row.count("\n") == 1
    return dict(zip(FIELDS, row.rstrip("\n").split("\t"), strict=True))


def test_a_log_of_2020_without_prefixes_node_totals_and_percentiles(awk):
    log = (
        "Graph: [/data/local/tmp/a.tflite]\nUse gpu: [1]\n"
        "INFO: Created TensorFlow Lite delegate for GPU.\n"
        "INFO: Replacing 293 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 1"
        " partitions.\nINFO: Initialized OpenCL-based API.\nINFO: Created 1 GPU delegate kernels.\n"
        "Explicitly applied GPU delegate, and the model graph will be completely executed by the"
        " delegate.\ncount=1 curr=1041765\n\n"
        "count=50 first=1064709 curr=1013050 min=997794 max=1064709 avg=1.01013e+06 std=10693\n\n"
        "Inference timings in us: Init: 870557, First inference: 130565, Warmup (avg): 1.2e+06,"
        " Inference (avg): 1.01013e+06\n"
    )
    found = told(awk, log)
    assert (found["status"], found["used"], found["nodes"], found["of"]) == (
        *("ok", "OpenCL", "293", ""),
    )
    assert (found["mean"], found["median"], found["runs"]) == ("1010.130", "", "50")
    assert (found["init"], found["first_inference"]) == ("870.557", "130.565")
    assert found["first_run"] == "1001.122"


def test_a_gpu_whose_log_does_not_count_nodes_is_still_believed(awk):
    log = (
        "INFO: Initialized OpenCL-based API.\nINFO: Explicitly applied GPU delegate, and the model"
        " graph will be completely executed by the delegate.\n" + TIMES
    )
    found = told(awk, log)
    assert (found["status"], found["used"], found["nodes"]) == ("ok", "OpenCL", "")
    assert (found["mean"], found["median"]) == ("119.375", "119.000")


def test_a_partial_delegation_names_both_processors(awk):
    log = (
        "VERBOSE: Replacing 54 out of 559 node(s) with delegate (TfLiteGpuDelegateV2) node,"
        " yielding 3 partitions for subgraph 0.\nINFO: Initialized OpenGL-based API.\n"
        "INFO: Explicitly applied GPU delegate, and the model graph will be partially executed by"
        " the delegate w/ 1 delegate kernels.\n"
        "VERBOSE: Replacing 448 out of 506 node(s) with delegate (TfLiteXNNPackDelegate) node,"
        " yielding 20 partitions for subgraph 0.\n" + TIMES
    )
    found = told(awk, log, "gpu_gl")
    assert found["status"] == "partly on the CPU" and found["used"] == "OpenGL + XNNPACK"
    assert (found["nodes"], found["of"], found["partitions"]) == ("54", "559", "3")


@pytest.mark.parametrize("allowed, expected", [(1, "float16 allowed"), (0, "float32")])
def test_the_precision_is_what_the_tool_says_it_was_told(awk, allowed, expected):
    log = (
        f"INFO: Allow lower precision in gpu: [{allowed}]\nINFO: Initialized OpenCL-based API.\n"
        "INFO: Replacing 5 out of 5 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 1"
        " partitions.\n" + TIMES
    )
    assert told(awk, log)["precision"] == expected


def test_nodes_that_nnapi_takes_and_does_not_run_do_not_count(awk):
    log = (
        "INFO: NNAPI accelerators available: [google-edgetpu,nnapi-reference]\n"
        "VERBOSE: Replacing 31 out of 31 node(s) with delegate (TfLiteNnapiDelegate) node, yielding"
        " 1 partitions for the whole graph.\nINFO: Though NNAPI delegate is explicitly applied, the"
        " model graph will not be executed by the delegate.\n"
        "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n" + TIMES
    )
    found = told(awk, log, "nnapi")
    assert (found["status"], found["used"], found["precision"]) == (
        *("ran on the CPU", "XNNPACK", "float32"),
    )


def test_the_tools_first_error_explains_a_failure(awk):
    log = "INFO: STARTING!\nERROR: Cannot open it\nERROR: Benchmarking failed.\n"
    assert told(awk, log, code=1)["status"] == "failed (exit code 1): Cannot open it"
    assert told(awk, "", code=139)["status"] == "failed (exit code 139)"


def test_litert_names_its_backend_in_the_delegate(awk):
    log = (
        "Replacing 7 out of 7 node(s) with delegate (LITERT_CL) node, yielding 1 partitions\n"
        "INFO: [benchmark_litert_model.h:94] Model initialization: 23744.73 ms\n"
        "INFO: [benchmark_litert_model.h:96] Warmup (first):       7441.04 ms\n"
        "INFO: [benchmark_litert_model.h:98] Warmup (avg):         7441.04 ms (1 runs)\n"
        "INFO: [benchmark_litert_model.h:100] Inference (avg):      7430.20 ms (10 runs)\n"
    )
    found = told(awk, log, "litert_gpu")
    assert (found["status"], found["used"], found["nodes"]) == ("ok", "OpenCL", "7")
    assert (found["first_run"], found["mean"]) == ("31185.770", "7430.200")


def test_litert_without_a_word_on_delegates_ran_on_the_gpu_unless_it_ignored_a_flag(awk):
    log = "INFO: [benchmark_litert_model.h:100] Inference (avg):      7.20 ms (10 runs)\n"
    assert told(awk, log, "litert_gpu")["used"] == "GPU"
    ignored = "WARN: Unconsumed cmdline flags: --require_full_delegation=true\n"
    for more in (ignored, "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"):
        assert told(awk, more + log, "litert_gpu")["status"] == "ran on the CPU"


def test_a_phone_that_tells_little_gets_dashes(awk):
    assert awk("heat.awk", text="Can't find service: thermalservice\n") == "- - - -\n"
    facts = dict(
        line.split("\t")
        for line in awk("facts.awk", text="[ro.product.model]: [X [1]]\n").splitlines()
    )
    assert facts["phone"] == "- X [1]" and facts["soc"] == facts["gpu"] == "-"


def test_an_old_phone_names_its_platform_instead_of_its_chip(awk):
    facts = awk("facts.awk", text="[ro.board.platform]: [sdm845]\n[ro.soc.model]: []\n")
    assert "soc\tsdm845\n" in facts


def test_rows_of_json_are_those_of_the_json_module(awk, tmp_path):
    files = [
        {"name": "saved_model", "operations": [], "bytes": 12},
        {
            "name": "model.tflite",
            "operations": ["CONV_2D", "TANH"],
            "layers": [{"name": "conv", "target": "inner"}],
            "nested": {"target": "inner"},
            "target": "gpu",
            "bytes": 13944,
        },
        {"target": "cpu", "name": "a, b: c.tflite", "bytes": None},
    ]
    write_json(tmp_path / "r.json", {"name": "x", "other": [{"name": "y"}], "files": files, "z": 1})
    text = (tmp_path / "r.json").read_text()
    rows = awk("records.awk", "-v", "list=files", "-v", "keys=name,target,bytes", text=text)
    expected = [
        "\t".join(
            value if isinstance(value, str) else json.dumps(value)
            for value in (entry["name"], entry.get("target", ""), entry["bytes"])
        )
        for entry in files
    ]
    assert rows.splitlines() == expected


def test_tables_survive_commas_quotes_and_bars(awk):
    rows = 'a\tb\tc\n1,5\tsay "x|y"\t\n'
    assert awk("table.awk", "-F", "\t", "-v", "format=csv", text=rows) == (
        'a,b,c\n"1,5","say ""x|y""",\n'
    )
    page = awk("table.awk", "-F", "\t", "-v", "format=markdown", "-v", "columns=b,a", text=rows)
    assert page == '| b | a |\n|---|---|\n| say "x\\|y" | 1,5 |\n'


def compared(awk, ours, theirs, max_allowed=1, mean_allowed=0.5):
    words = ["-v", f"ours={ours}", "-v", f"theirs={theirs}"]
    limits = ["-v", f"max_allowed={max_allowed}", "-v", f"mean_allowed={mean_allowed}"]
    return awk("compare.awk", *words, *limits).rstrip("\n").split("\t")


def test_differences_are_those_of_numpy(awk, tmp_path):
    rng = np.random.default_rng(4)
    theirs = rng.uniform(-0.2, 1.2, 1003).astype("<f4")
    ours = (theirs + rng.normal(0, 0.01, 1003)).astype("<f4")
    ours[17], theirs[17] = 0.9, 0.1
    ours[18], theirs[18] = -7e8, 0  # as black as black
    a, b = tmp_path / "it's.bin", tmp_path / "the golden.bin"
    ours.tofile(a)
    theirs.tofile(b)
    differences = 255 * np.abs(np.clip(ours, 0, 1).astype(float) - np.clip(theirs, 0, 1))
    verdict, largest, mean, place = compared(awk, a, b, max_allowed=205, mean_allowed=3)
    assert (verdict, place) == ("ok", "17")
    assert float(largest) == pytest.approx(differences.max(), abs=1e-4)
    assert float(mean) == pytest.approx(differences.mean(), abs=1e-4)
    assert compared(awk, a, b, max_allowed=203, mean_allowed=3)[0] == "differs"
    assert compared(awk, a, b, max_allowed=205, mean_allowed=0.1)[0] == "differs"
    assert compared(awk, a, a)[:3] == ["ok", "0.0000", "0.0000"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 5])
def test_what_is_not_finite_never_passes(awk, tmp_path, bad, place):
    values = np.linspace(0, 1, 6, dtype="<f4")
    values.tofile(tmp_path / "theirs")
    values[place] = bad
    values.tofile(tmp_path / "ours")
    assert compared(awk, tmp_path / "ours", tmp_path / "theirs", 1e9, 1e9)[0] == "not finite"


@pytest.mark.parametrize("ours, theirs", [(4, 8), (8, 4), (7, 8), (0, 8), (8, 0), (0, 0)])
def test_outputs_of_another_size_never_pass(awk, tmp_path, ours, theirs):
    np.zeros(ours, "<f4").tofile(tmp_path / "ours")
    np.zeros(theirs, "<f4").tofile(tmp_path / "theirs")
    assert compared(awk, tmp_path / "ours", tmp_path / "theirs")[0] == "wrong size"
