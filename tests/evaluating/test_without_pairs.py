"""Measuring pictures without any truth, beside photographs of other scenes."""

import csv
import json

import cv2
import numpy as np
import pytest

from tfisp import evaluate
from tfisp.evaluating.without_pairs import squared
from tfisp.metrics import distributions, niqe
from tfisp.perceptual import backbones


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three pictures by `clean` and, noisy, by `noisy`; four photographs of others."""
    root = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(0)

    def scene():
        coarse, fine = (
            cv2.resize(rng.uniform(size=(*size, 3)), (220, 200)) for size in ((6, 7), (70, 80))
        )
        return 60 + 120 * coarse + 50 * fine + rng.normal(0, 2, (200, 220, 3))

    for count, folder in ((3, "clean"), (4, "photographs")):
        (root / folder).mkdir()
        for index in range(count):
            assert cv2.imwrite(str(root / folder / f"{index}.png"), scene())
    (root / "noisy").mkdir()
    for index in range(3):
        picture = cv2.imread(str(root / f"clean/{index}.png"))
        noisy = np.clip(picture + rng.normal(0, 40, picture.shape), 0, 255)
        assert cv2.imwrite(str(root / f"noisy/{index}.png"), noisy)
    return root


def run(capsys, folders, output, *words):
    code = evaluate.run(
        [
            f"--pictures={folders / 'clean'},{folders / 'noisy'}",
            f"--photographs={folders / 'photographs'}",
            *(f"--output={output}", "--set_backbone=alexnet_narrow", *words),
        ]
    )
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def read(path):
    return cv2.imread(str(path))[..., ::-1] / np.float32(255)


def test_the_report_has_what_the_measures_say(capsys, folders, tmp_path):
    code, out, error = run(capsys, folders, tmp_path)
    assert code == 0 and error == ""
    photographs = [read(folders / f"photographs/{index}.png") for index in range(4)]
    model = niqe.fit(photographs, "four")
    with (tmp_path / "images.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    for row in rows:
        expected = niqe.distance(read(folders / row["system"] / f"{row['image']}.png"), model)
        assert float(row["niqe"]) == pytest.approx(expected, rel=1e-5)
    network = backbones.create("alexnet_narrow")
    sets = json.loads((tmp_path / "summary.json").read_text())["sets"]
    theirs = distributions.set_features(map(squared, photographs), network)
    for system in ("clean", "noisy"):
        pictures = [squared(read(folders / system / f"{index}.png")) for index in range(3)]
        ours = distributions.set_features(pictures, network)
        for name, value in (
            ("kid", distributions.kid(ours, theirs).value),
            ("frechet", distributions.frechet_distance(ours, theirs)),
        ):
            cell = sets[system][name]
            assert cell["value"] == pytest.approx(value, rel=1e-3)
            assert cell["interval"][0] < cell["value"] < cell["interval"][1]
    assert "kid of random weights (lower is better)" in out
    assert "RANDOM WEIGHTS, the values mean nothing" in (tmp_path / "summary.md").read_text()
    again = (tmp_path / "images.csv").read_text()
    code, out, _ = run(capsys, folders, tmp_path)
    assert "6 pictures were kept" in out and (tmp_path / "images.csv").read_text() == again


def test_sets_alone_and_beside_a_truth(capsys, folders, tmp_path):
    assert run(capsys, folders, tmp_path / "a", "--metrics=kid", "--shown=0")[0] == 0
    summary = json.loads((tmp_path / "a/summary.json").read_text())
    assert list(summary["sets"]["clean"]) == ["kid"] and summary["results"]["clean"] == {}
    words = (f"--truth={folders / 'clean'}", "--metrics=psnr,kid", "--shown=0")
    assert run(capsys, folders, tmp_path / "b", *words)[0] == 0
    both = json.loads((tmp_path / "b/summary.json").read_text())
    assert both["sets"] == summary["sets"] and both["results"]["clean"]["psnr"]["mean"] == "inf"


def test_a_square_is_the_middle_of_a_picture_at_the_networks_size():
    picture = np.zeros((448, 600, 3), np.float32)
    picture[:, 76:524] = np.kron(np.eye(224), np.ones((2, 2)))[..., None]
    np.testing.assert_allclose(squared(picture), np.eye(224)[..., None] * np.ones(3), atol=1e-6)


@pytest.mark.parametrize(
    "words, message",
    [
        (["--metrics=psnr"], "--metrics=psnr: needs the truth: give --truth or --data"),
        (["--photographs=", "--metrics=kid"], "--photographs=: the path is empty"),
        (["--set_backbone=alexnt"], "--set_backbone=alexnt: unknown; did you mean alexnet"),
        (["--niqe_model=x", "--metrics=kid"], "--niqe_model: has no effect without --metrics=niqe"),
        (["--raw_dir=x", "--metrics=psnr"], "--photographs: has no effect without a measure"),
    ],
)
def test_mistakes_get_one_line(capsys, folders, tmp_path, words, message):
    code = evaluate.run(
        [
            f"--pictures={folders / 'clean'}",
            f"--photographs={folders / 'photographs'}",
            f"--output={tmp_path}",
            *words,
        ]
    )
    assert code == 2 and message in capsys.readouterr().err


def test_measures_of_sets_need_photographs(capsys, folders, tmp_path):
    clean = folders / "clean"
    words = (f"--pictures={clean}", f"--truth={clean}", "--metrics=kid", f"--output={tmp_path}")
    assert evaluate.run(list(words)) == 2
    assert "--metrics=kid: needs --photographs" in capsys.readouterr().err
