"""The evaluate program: numbers that scikit-image gives too, and a whole report."""

import csv
import json
import math
import shutil

import cv2
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tests.helpers.shared import shared
from tfisp import evaluate, metrics, models
from tfisp.contract import Contract
from tfisp.evaluating.plans import labels
from tfisp.metrics.report import Score, few, plain, summarise, to_csv, to_markdown
from tfisp.rendering import load
from tfisp.sensor import get_sensor


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(["first", "second"]):
        models.save_to_preset(models.create("efficient_isp", seed=seed), folder / name)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two test pairs in the layout of UltraISP."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name in ("mediatek_raw", "fujifilm"):
        (root / "test" / name).mkdir(parents=True)
    for index in range(2):
        mosaic = rng.integers(256, 4092, (64, 64)).astype(np.uint16)
        cv2.imwrite(str(root / f"test/mediatek_raw/{index}.png"), mosaic)
        picture = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
        cv2.imwrite(str(root / f"test/fujifilm/{index}.png"), picture)
    return root


def run(capsys, *words):
    code = evaluate.run([str(word) for word in words])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


def test_the_report_holds_what_skimage_measures(capsys, presets, data, tmp_path):
    output = tmp_path / "report"
    code, lines, error = run(
        capsys,
        f"--model={presets}/first,{presets}/second",
        "--data=ultraisp",
        f"--raw_dir={data}",
        f"--output={output}",
    )
    assert code == 0 and error == "" and lines[-1] == f"report in {output}"
    with (output / "images.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["system"], row["image"]) for row in rows] == [
        ("first", "0"),
        ("second", "0"),
        ("first", "1"),
        ("second", "1"),
    ]
    for row in rows:
        mosaic = cv2.imread(str(data / f"test/mediatek_raw/{row['image']}.png"), -1)
        truth = cv2.imread(str(data / f"test/fujifilm/{row['image']}.png"))[..., ::-1]
        picture = load(presets / row["system"]).render_8bit(mosaic, get_sensor("ultraisp"))
        assert float(row["psnr"]) == pytest.approx(
            peak_signal_noise_ratio(truth, picture), abs=1e-3
        )
        similarity = structural_similarity(
            truth / 255,
            picture / 255,
            channel_axis=2,
            data_range=1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[1]
        inside = similarity[5:-5, 5:-5].mean()
        assert float(row["ssim"]) == pytest.approx(inside, abs=1e-4)
    summary = json.loads((output / "summary.json").read_text())
    first = [float(row["psnr"]) for row in rows if row["system"] == "first"]
    assert summary["results"]["first"]["psnr"]["mean"] == pytest.approx(np.mean(first))
    assert summary["images"] == 2 and summary["split"] == "test"
    table = (output / "summary.md").read_text()
    assert "| second |" in table
    assert "2 pictures only" in table and "2 pictures only" in summary["note"]
    assert any("2 pictures only" in line for line in lines)
    sheet = cv2.imread(str(output / "pictures.png"))
    # demosaic (its name in two lines), first, second, truth
    assert sheet.shape == (54 + 2 * 72, 8 + 4 * 72, 3)


def test_another_sensors_levels_are_mapped_and_said(capsys, data, tmp_path):
    other = Contract(black_level=2056, white_level=15000)
    model = models.save_to_preset(models.create("efficient_isp", contract=other), tmp_path / "m")
    words = (f"--model={model}", "--data=ultraisp", f"--raw_dir={data}", "--shown=0")
    code, _, error = run(capsys, *words, f"--output={tmp_path / 'mapped'}")
    assert code == 0 and "--model=m: its levels (black 256, white 4092) are mapped" in error
    code, _, error = run(capsys, *words, f"--output={tmp_path / 'model'}", "--levels=model")
    assert code == 0 and error == ""
    mapped, plain = ((tmp_path / name / "images.csv").read_text() for name in ("mapped", "model"))
    assert mapped != plain


def test_baselines_and_finished_pictures_stand_beside_networks(capsys, presets, data, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    for index in range(2):
        shutil.copy(data / f"test/fujifilm/{index}.png", made)
    code, _, error = run(
        capsys,
        *(f"--model={presets}/first", "--baselines=libraw,opencv", f"--pictures={made}"),
        *("--data=ultraisp", f"--raw_dir={data}", f"--output={tmp_path / 'x'}", "--metrics=psnr"),
    )
    assert code == 0 and error == ""
    results = json.loads((tmp_path / "x/summary.json").read_text())["results"]
    assert list(results) == ["first", "libraw", "opencv", "made"]
    assert results["made"]["psnr"]["mean"] == "inf"  # the truth itself
    (made / "1.png").unlink()
    code, _, error = run(
        capsys,
        *(f"--pictures={made}", "--data=ultraisp", f"--raw_dir={data}", f"--output={tmp_path}/y"),
    )
    assert code == 1 and "made: has no picture 1, which --data=ultraisp has" in error
    assert cv2.imwrite(str(made / "1.png"), np.zeros((8, 9, 3), np.uint8))
    code, _, error = run(
        capsys,
        *(f"--pictures={made}", "--data=ultraisp", f"--raw_dir={data}", f"--output={tmp_path}/y"),
    )
    assert code == 1 and "1.png: the picture of made has 9x8 pixels, the truth 64x64" in error


def test_the_number_of_pairs_and_pictures_can_be_limited(capsys, presets, data, tmp_path):
    words = [f"--model={presets}/first", "--data=ultraisp", f"--raw_dir={data}"]
    code, _, _ = run(capsys, *words, f"--output={tmp_path}", "--images=1", "--shown=0")
    assert code == 0
    assert len((tmp_path / "images.csv").read_text().splitlines()) == 2
    assert not (tmp_path / "pictures.png").exists()


@pytest.mark.parametrize(
    "words, code, message",
    [
        (["--output=x"], 2, "nothing to measure: give --model, --baselines or --pictures"),
        (["--output=x", "--baselines=libbraw"], 2, "--baselines=libbraw: unknown; did you mean"),
        (["--output=x", "--model={m}", "--metrics="], 2, "--metrics: names nothing"),
        (
            ["--model={m}", "--output=x", "--data=ultraisp", "--raw_dir={d}", "--metrics=ms_ssim"],
            1,
            "mediatek_raw/0.png: ms_ssim: images of 64x64 pixels are too small",
        ),
        (["--output=x", "--truth={d}"], 2, "--pictures: not given"),
        (["--output=x", "--truth={d}", "--pictures=y", "--model=z"], 2, "--model: has no effect"),
        (["--output=x", "--truth={d}", "--pictures=y"], 1, "--pictures=y: no such folder"),
        (["--output=x", "--model={m}", "--pictures={m}"], 2, "is named twice"),
        (["--model={m}", "--output=x", "--metrics=psnr,sim"], 2, "--metrics=sim: unknown; did you"),
        (
            ["--model={m}", "--output=x", "--data=zrrr"],
            2,
            "--data=zrrr: unknown; did you mean zrr?",
        ),
        (["--model={m}", "--output=x", "--data=zrr"], 1, "--raw_dir: not given"),
        (["--model={m}", "--output=x", "--data=zrr", "--raw_dir=/nowhere"], 1, "no such folder"),
        (["--model={m}", "--output=x", "--data=zrr", "--reference=x"], 2, "--reference=x: unknown"),
        (
            ["--model={m}", "--output=x", "--data=ultraisp", "--raw_dir={d}", "--split=val"],
            1,
            "--split=val: --data=ultraisp has no such pairs here; it has test",
        ),
        (
            ["--model={m}", "--output=x", "--data=ultraisp", "--raw_dir={d}", "--runtime=litert"],
            1,
            "first is no run whose",
        ),
        (
            ["--model=gone", "--output=x", "--data=ultraisp", "--raw_dir={d}"],
            1,
            "gone: no such folder",
        ),
    ],
)
def test_mistakes_get_one_line(capsys, presets, data, tmp_path, monkeypatch, words, code, message):
    monkeypatch.chdir(tmp_path)
    words = [word.format(m=presets / "first", d=data) for word in words]
    given, _, error = run(capsys, *words)
    assert given == code and message in error and error.count("\n") == 1
    assert not (tmp_path / "x/report.html").exists()


SCORES = [
    Score("a", "one", {"psnr": 20.0, "ssim": 0.5}),
    Score("b", "one", {"psnr": float("inf"), "ssim": 1.0}),
    Score("a", "two", {"psnr": 30.0, "ssim": 0.7}),
    Score("b", "two", {"psnr": 10.0, "ssim": 0.1}),
    Score("a", "three", {"psnr": 28.0, "ssim": 0.9}),
    Score("b", "three", {"psnr": 15.0, "ssim": 0.7}),
]
PROTOCOLS = metrics.describe(["psnr", "ssim"])


def test_means_are_taken_for_each_system():
    summary = summarise(SCORES)
    assert summary["a"]["psnr"] == {
        "mean": 26.0,  # median 28
        "interval": [20.0, 30.0],  # each but one draw in 27 holds more than one picture
        "least": 20.0,
        "greatest": 30.0,
        "to_best": {"mean": -math.inf, "interval": [-math.inf, 20.0]},  # b, which has an infinity
    }
    assert summary["b"]["psnr"]["to_best"] is None
    assert summary["b"]["ssim"]["mean"] == pytest.approx(0.6)  # median 0.7


def test_systems_are_told_apart_by_their_differences_on_the_same_pictures():
    rng = np.random.default_rng(0)
    hard = rng.uniform(20, 40, 30)  # pictures differ far more than systems do
    values = {"a": hard, "b": hard + 0.5 + rng.normal(0, 0.1, 30), "c": hard + 0.5}
    scores = [
        Score(system, str(index), {"psnr": float(psnr)})
        for system, column in values.items()
        for index, psnr in enumerate(column)
    ]
    summary = {system: measures["psnr"] for system, measures in summarise(scores).items()}
    assert summary["a"]["interval"][1] > summary["b"]["interval"][0]
    low, high = summary["a"]["to_best"]["interval"]
    assert low < summary["a"]["to_best"]["mean"] < high < -0.4
    (other,) = (summary[name]["to_best"] for name in "bc" if summary[name]["to_best"])
    assert other["interval"][0] < other["mean"] <= 0 and other["interval"][1] > -0.05
    equal = summarise([Score(s, "x", {"psnr": math.inf}) for s in "ab"])
    assert equal["b"]["psnr"]["to_best"] == {"mean": 0.0, "interval": None}


def test_an_infinite_mean_is_valid_json():
    text = json.dumps(plain(summarise(SCORES)), allow_nan=False)
    assert json.loads(text)["b"]["psnr"]["mean"] == "inf"


def test_the_table_says_units_directions_and_protocols():
    table = to_markdown(SCORES, PROTOCOLS, summarise(SCORES))
    assert table.splitlines()[0] == (
        "| system | psnr (dB, higher is better) | ssim (higher is better) |"
    )
    assert "| a | 26 [20, 30] | 0.7 [0.5, 0.9] |" in table and "over 3 pictures" in table
    assert "- ssim: RGB, 11x11 Gaussian" in table


@pytest.mark.parametrize(("images", "said"), [(1, True), (2, True), (9, True), (10, False)])
def test_a_mean_over_few_pictures_says_so(images, said):
    warning = few(images)
    assert (warning is not None) == said
    assert not said or ("too few to say" in warning and f"over {images} picture" in warning)


def test_random_weights_are_named_in_every_file_of_a_report(capsys, presets, data, tmp_path):
    weights = shared("weights")
    words = (
        f"--model={presets}/first",
        "--data=ultraisp",
        f"--raw_dir={data}",
        "--images=1",
        "--metrics=psnr,lpips,lpips+,dists",
        "--shown=0",
    )
    own = [f"--alexnet_weights={weights}", f"--lpips_weights={weights}"]
    random = ["--vgg16_torchvision_weights=random", f"--dists_weights={weights}"]
    code, lines, _ = run(capsys, *words, *own, *random, f"--output={tmp_path}/mixed")
    assert code == 0
    summary = json.loads((tmp_path / "mixed/summary.json").read_text())["metrics"]
    assert "AlexNet, heads v0.1" in summary["lpips"] and str(weights) in summary["lpips"]
    assert "RANDOM WEIGHTS" in summary["dists"] and "torchvision" not in summary["dists"]
    header = (tmp_path / "mixed/images.csv").read_text().splitlines()[0]
    assert header == "system,image,psnr,lpips,lpips+,dists of random weights"
    assert any("| dists of random weights (lower" in line for line in lines)

    # One random part is enough, whichever.
    half = [f"--alexnet_weights={weights}", "--lpips_weights=random"]
    code, lines, _ = run(capsys, *words, *half, *random, f"--output={tmp_path}/half")
    assert code == 0
    for found in (
        (tmp_path / "half/summary.md").read_text(),
        (tmp_path / "half/images.csv").read_text(),
        "\n".join(lines),
    ):
        assert "lpips of random weights" in found and "lpips+ of random weights" in found
        assert "heads v0.1" not in found


def test_a_name_with_a_bar_stays_in_its_cell():
    scores = [Score("a|b\nc", "x", {"psnr": 20.0})]
    assert "\n| a\\|b c | 20 |\n" in to_markdown(scores, PROTOCOLS, summarise(scores))


def test_a_name_with_a_comma_survives_the_csv():
    text = to_csv([Score("a,b", 'say "x"', {"psnr": 0.1})], PROTOCOLS)
    assert list(csv.reader(text.splitlines()))[1] == ["a,b", 'say "x"', "0.1"]


def test_systems_of_one_name_are_told_apart():
    assert labels(["x/run", "y/run", "z.tflite", "out/truth"]) == {
        "x/run": "x/run",
        "y/run": "y/run",
        "z": "z.tflite",
        "out/truth": "out/truth",  # a column of that name is there already
    }
